using System.Buffers.Binary;
using System.Text;
using CharLM.Torch;

namespace CharLM.Tests.Torch;

/// <summary>The patch that lets TorchSharp's library load on older systems, byte by byte.</summary>
public sealed class ElfFileTests : IDisposable
{
    private const string Needed = "GLIBCXX_3.4.32";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WeakenVersionNeed_TorchSharpsLibrary_SetsTheWeakFlagOfThatEntryAlone()
    {
        byte[] before = Library("libLibTorchSharp.so"), after = [.. before];
        Assert.True(ElfFile.WeakenVersionNeed(after, Encoding.ASCII.GetBytes(Needed)));

        int changed = Assert.Single(Enumerable.Range(0, before.Length), i => before[i] != after[i]);
        Assert.Equal(before[changed] | 2, after[changed]);
        // An entry begins with the hash of its name (System V ABI, figure 5-12), and its flags follow.
        Assert.Equal(Hash(Needed), BinaryPrimitives.ReadUInt32LittleEndian(after.AsSpan(changed - 4)));
        Assert.False(ElfFile.WeakenVersionNeed(after, Encoding.ASCII.GetBytes(Needed)));
    }

    [Fact]
    public void WeakenVersionNeed_LibraryWithoutThatNeed_StaysAsItIs()
    {
        byte[] before = Library("libtorch.so"), after = [.. before];
        Assert.False(ElfFile.WeakenVersionNeed(after, Encoding.ASCII.GetBytes(Needed)));
        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData("GLIBCXX_3.4.3")]
    [InlineData("GLIBCXX_3.4.320")]
    [InlineData("IBCXX_3.4.32")]
    public void WeakenVersionNeed_PartOfAName_IsNotTheName(string version)
    {
        byte[] elf = Synthetic(("libstdc++.so.6", [Needed]));
        byte[] before = [.. elf];
        Assert.False(ElfFile.WeakenVersionNeed(elf, Encoding.ASCII.GetBytes(version)));
        Assert.Equal(before, elf);
    }

    [Fact]
    public void WeakenVersionNeed_SeveralLibrariesAndVersions_ChangesTheNamedOne()
    {
        byte[] elf = Synthetic(
            ("libm.so.6", ["GLIBC_2.29", "GLIBC_2.2.5"]), ("libstdc++.so.6", ["GLIBCXX_3.4", Needed, "CXXABI_1.3"]),
                ("libc.so.6", ["GLIBC_2.34"]));
        byte[] before = [.. elf];
        Assert.True(ElfFile.WeakenVersionNeed(elf, Encoding.ASCII.GetBytes(Needed)));
        int changed = Assert.Single(Enumerable.Range(0, elf.Length), i => before[i] != elf[i]);
        Assert.Equal(Hash(Needed), BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(changed - 4)));
    }

    [Fact]
    public void WeakenVersionNeed_CutOffAnywhere_IsRefused()
    {
        byte[] elf = Synthetic(("libstdc++.so.6", ["GLIBCXX_3.4", Needed]));
        for (int length = 0; length < elf.Length; length++)
            Assert.Throws<InvalidDataException>(
                () => ElfFile.WeakenVersionNeed(elf.AsSpan(0, length).ToArray(), Encoding.ASCII.GetBytes(Needed)));
    }

    [Fact]
    public void WeakenVersionNeed_AnyByteWrong_EndsAllTheSame()
    {
        byte[] whole = Synthetic(("libstdc++.so.6", ["GLIBCXX_3.4", Needed]));
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] elf = [.. whole];
            elf[i] ^= 0xff;
            Exception? refusal = Record.Exception(() => ElfFile.WeakenVersionNeed(elf, Encoding.ASCII.GetBytes(Needed)));
            Assert.True(refusal is null or InvalidDataException, $"byte {i}: {refusal}");
        }
    }

    [Fact]
    public void IsCutOff_WholeAndCutFiles_AreToldApart()
    {
        byte[] elf = Synthetic(("libstdc++.so.6", [Needed]));
        Assert.False(ElfFile.IsCutOff(Written(elf)));
        Assert.True(ElfFile.IsCutOff(Written(elf[..^1])));
        Assert.True(ElfFile.IsCutOff(Written(elf[..100])));
        Assert.False(ElfFile.IsCutOff(Written(Encoding.UTF8.GetBytes(new string('x', 1000)))));
        Assert.False(ElfFile.IsCutOff(Written([])));
    }

    private static byte[] Library(string name)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", name);
        Assert.SkipUnless(File.Exists(path), "this build is not for linux-x64");
        return File.ReadAllBytes(path);
    }

    private string Written(byte[] bytes)
    {
        string path = _folder.File(Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static uint Hash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        return hash;
    }

    // Header, names, needs, then the table of three sections: none, names, needs.
    private static byte[] Synthetic(params (string File, string[] Versions)[] libraries)
    {
        var names = new MemoryStream();
        names.WriteByte(0);
        int Name(string name)
        {
            int at = (int)names.Length;
            names.Write(Encoding.ASCII.GetBytes(name + '\0'));
            return at;
        }
        var needs = new MemoryStream();
        for (int i = 0; i < libraries.Length; i++)
        {
            (string file, string[] versions) = libraries[i];
            Write(needs, (ushort)1, (ushort)versions.Length, Name(file), 16, i + 1 < libraries.Length ? 16 + (16 * versions.Length) : 0);
            for (int j = 0; j < versions.Length; j++)
                Write(needs, Hash(versions[j]), (ushort)0, (ushort)(j + 2), Name(versions[j]), j + 1 < versions.Length ? 16 : 0);
        }
        int namesAt = 64, needsAt = namesAt + (int)names.Length, table = needsAt + (int)needs.Length;
        var elf = new MemoryStream();
        elf.Write([0x7f, .. "ELF"u8, 2, 1, 1, 0, .. new byte[8]]);
        Write(elf, (ushort)3, (ushort)62, 1, 0L, 0L, (long)table, 0, (ushort)64, (ushort)0, (ushort)0, (ushort)64, (ushort)3, (ushort)1);
        elf.Write(names.ToArray());
        elf.Write(needs.ToArray());
        elf.Write(new byte[64]);
        Write(elf, 0, 3, 0L, 0L, (long)namesAt, names.Length, 0, 0, 1L, 0L);
        Write(elf, 0, 0x6ffffffe, 0L, 0L, (long)needsAt, needs.Length, 1, libraries.Length, 4L, 0L);
        return elf.ToArray();
    }

    private static void Write(MemoryStream stream, params object[] numbers)
    {
        foreach (object number in numbers)
        {
            stream.Write(number switch
            {
                ushort n => BitConverter.GetBytes(n),
                int n => BitConverter.GetBytes(n),
                uint n => BitConverter.GetBytes(n),
                long n => BitConverter.GetBytes(n),
                _ => throw new ArgumentException(number.GetType().Name),
            });
        }
    }
}
