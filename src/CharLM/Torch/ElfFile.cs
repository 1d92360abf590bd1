using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace CharLM.Torch;

/// <summary>
/// Inspects and patches a 64-bit ELF library before it is loaded (Linux Standard Base, "Object Format").
/// </summary>
internal static class ElfFile
{
    private const uint NeedSection = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort WeakFlag = 2; // VER_FLG_WEAK
    private const int HeaderSize = 64;

    /// <summary>Whether a file is truncated. The system's loader maps such a file and crashes the process.</summary>
    /// <returns>False for a file of another format, which the loader refuses by itself.</returns>
    public static bool IsCutOff(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        Span<byte> header = stackalloc byte[HeaderSize];
        if (RandomAccess.Read(file, header, 0) < HeaderSize || !IsElf(header))
            return false;
        // The section table comes last.
        return Long(header, 0x28) + (long)Short(header, 0x3a) * Short(header, 0x3c) > RandomAccess.GetLength(file);
    }

    /// <summary>Marks a required symbol version as weak, so that the loader accepts a dependency that lacks it.</summary>
    /// <param name="elf">The library, changed in place: one bit per entry.</param>
    /// <param name="version">Such as GLIBCXX_3.4.32.</param>
    /// <returns>Whether anything was changed.</returns>
    /// <exception cref="InvalidDataException">It is not a 64-bit ELF library, or it is truncated.</exception>
    public static bool WeakenVersionNeed(Span<byte> elf, ReadOnlySpan<byte> version)
    {
        ReadOnlySpan<byte> file = elf;
        if (!IsElf(file))
            throw new InvalidDataException("it is not a 64-bit ELF file");
        int table = Offset(file, Long(file, 0x28)), size = Short(file, 0x3a), count = Short(file, 0x3c);
        _ = Part(file, table, size * count); // The last part of the file: checks that it is complete.
        bool changed = false;
        for (int i = 0; i < count; i++)
        {
            int section = Offset(file, table + ((long)size * i));
            if (UInt(file, section + 4) != NeedSection)
                continue;
            int names = Offset(file, Long(file, Offset(file, table + (size * (long)UInt(file, section + 0x28))) + 0x18));
            changed |= WeakenSection(elf, Offset(file, Long(file, section + 0x18)), names, version);
        }
        return changed;
    }

    // The needed libraries form a linked list, and so do the versions of each; a link is the offset to the next entry, 0 at the end.
    private static bool WeakenSection(Span<byte> elf, int need, int names, ReadOnlySpan<byte> version)
    {
        bool changed = false;
        for (uint toNext = 1; toNext > 0; need = Offset(elf, need + (long)toNext))
        {
            int entry = Offset(elf, need + (long)UInt(elf, need + 8));
            for (uint toNextEntry = 1; toNextEntry > 0; entry = Offset(elf, entry + (long)toNextEntry))
            {
                ushort flags = Short(elf, entry + 4);
                if (IsName(elf, Offset(elf, names + (long)UInt(elf, entry + 8)), version) && (flags & WeakFlag) == 0)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], (ushort)(flags | WeakFlag));
                    changed = true;
                }
                toNextEntry = UInt(elf, entry + 12);
            }
            toNext = UInt(elf, need + 12);
        }
        return changed;
    }

    private static bool IsElf(ReadOnlySpan<byte> file) => file.StartsWith("\u007fELF\u0002\u0001"u8); // 64 bits, little-endian

    private static bool IsName(ReadOnlySpan<byte> file, int at, ReadOnlySpan<byte> name) =>
        file.Length - at > name.Length && file[at..].StartsWith(name) && file[at + name.Length] == 0;

    private static long Long(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadInt64LittleEndian(Part(file, at, sizeof(long)));

    private static uint UInt(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(Part(file, at, sizeof(uint)));

    private static ushort Short(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(Part(file, at, sizeof(ushort)));

    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> file, int at, int length) => file.Slice(Offset(file, at, length), length);

    private static int Offset(ReadOnlySpan<byte> file, long at, int length = 0) =>
        at >= 0 && at <= file.Length - length ? (int)at : throw new InvalidDataException("it is cut off, or points outside itself");
}
