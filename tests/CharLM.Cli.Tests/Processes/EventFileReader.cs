using System.Buffers.Binary;
using System.Text;

namespace CharLM.Cli.Tests.Processes;

/// <summary>
/// Reads event files from the formats' descriptions alone (record_writer.h; protocol buffer encoding), sharing no code with the writer.
/// </summary>
internal static class EventFileReader
{
    /// <summary>Reads the records; a wrong checksum fails the test.</summary>
    public static List<Dictionary<int, List<object>>> Read(byte[] file)
    {
        var records = new List<Dictionary<int, List<object>>>();
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            ReadOnlySpan<byte> record = file.AsSpan(at + 12, length);
            Assert.Equal(Masked(record), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            records.Add(Fields(record.ToArray()));
            at += 16 + length;
        }
        return records;
    }

    /// <summary>
    /// The fields of a message: for each number its values, as ulong, byte[8], byte[4], or the bytes of a length-delimited value.
    /// </summary>
    public static Dictionary<int, List<object>> Fields(byte[] message)
    {
        var fields = new Dictionary<int, List<object>>();
        for (int at = 0; at < message.Length;)
        {
            ulong key = Varint(message, ref at);
            object value = (key & 7) switch
            {
                0 => Varint(message, ref at),
                1 => Take(message, ref at, 8),
                2 => Take(message, ref at, (int)Varint(message, ref at)),
                5 => Take(message, ref at, 4),
                var other => throw new FormatException($"there is no wire type {other}"),
            };
            if (!fields.TryGetValue((int)(key >> 3), out List<object>? values))
                fields[(int)(key >> 3)] = values = [];
            values.Add(value);
        }
        return fields;
    }

    /// <summary>A message in a field.</summary>
    public static Dictionary<int, List<object>> Nested(this Dictionary<int, List<object>> message, int field) =>
        Fields((byte[])Assert.Single(message[field]));

    /// <summary>A string in a field.</summary>
    public static string Text(this Dictionary<int, List<object>> message, int field) =>
        Encoding.UTF8.GetString((byte[])Assert.Single(message[field]));

    /// <summary>CRC-32C bit by bit: the reflected polynomial 0x82f63b78 (RFC 3720, appendix B.4).</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0x82f63b78);
        }
        return ~crc;
    }

    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = Crc(bytes);
        return unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u);
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = message[at++];
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
                return value;
        }
    }

    private static byte[] Take(byte[] message, ref int at, int length)
    {
        at += length;
        return message[(at - length)..at];
    }
}
