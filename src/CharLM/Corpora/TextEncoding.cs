using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace CharLM.Corpora;

/// <summary>A text encoding. Invalid bytes are an error, never a replacement character.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class TextEncoding
{
    private const int Gb18030 = 54936;

    private const char FirstFiller = '\uF880', LastFiller = '\uF8FF';

    /// <summary>Bytes of the longest byte order mark.</summary>
    public const int LongestMark = 4;

    /// <summary>The name of the encoding that reads each byte as the character with the same code; it ignores byte order marks.</summary>
    public const string BytesName = "bytes";

    /// <summary>Common encodings, for messages and completion.</summary>
    public static readonly string[] Common =
    [
        "utf-8", "utf-16", "utf-16be", "utf-32", "gb18030", "big5", "shift-jis", "euc-jp", "euc-kr", "latin-1", "iso-8859-2", "iso-8859-15",
        "windows-1250", "windows-1251", "windows-1252", "koi8-r",
    ];

    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["latin-1"] = "iso-8859-1",
        ["latin1"] = "iso-8859-1",
        ["shift-jis"] = "shift_jis",
        ["sjis"] = "shift_jis",
        ["utf8"] = "utf-8",
        ["utf16"] = "utf-16",
        ["utf-16le"] = "utf-16",
        ["utf32"] = "utf-32",
        ["ascii"] = "us-ascii",
        ["gbk"] = "gb18030",
    };

    // Longest first, since UTF-32's mark begins with UTF-16's.
    private static readonly (string Name, byte[] Mark)[] Marks =
    [
        ("utf-32", [0xFF, 0xFE, 0, 0]), ("utf-32be", [0, 0, 0xFE, 0xFF]), ("utf-8", [0xEF, 0xBB, 0xBF]), ("utf-16", [0xFF, 0xFE]),
        ("utf-16be", [0xFE, 0xFF]),
    ];

    private readonly Encoding _encoding;

    static TextEncoding() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private TextEncoding(string name, Encoding encoding) => (Name, _encoding) = (name, encoding);

    /// <summary>The name under which it was requested.</summary>
    public string Name { get; }

    /// <summary>The name in messages.</summary>
    public string Title => IsUtf8 ? "UTF-8" : Name;

    /// <summary>The default encoding.</summary>
    public static TextEncoding Utf8 { get; } = Find("utf-8")!;

    /// <summary>Whether text in this encoding may contain zero bytes.</summary>
    public bool HasZeroBytes => IsBytes || _encoding is UnicodeEncoding or UTF32Encoding;

    /// <summary>Whether it is <see cref="BytesName"/>.</summary>
    public bool IsBytes => Name == BytesName;

    // The tables of older code pages map invalid bytes to private-use characters.
    private bool IsLegacy => !HasZeroBytes && !IsUtf8 && _encoding.CodePage != Gb18030;

    /// <summary>Whether it is UTF-8, by whatever name.</summary>
    public bool IsUtf8 => _encoding is UTF8Encoding;

    /// <summary>The encoding with a name, ignoring case; null when there is none.</summary>
    public static TextEncoding? Find(string name)
    {
        if (name == BytesName)
            return new TextEncoding(name, Encoding.Latin1);
        string known = name.ToLowerInvariant().Replace('_', '-');
        known = OtherNames.GetValueOrDefault(known, known);
        // .NET can only be asked for a name by catching the exception.
        foreach (string spelling in new[] { known, known.Replace('-', '_') })
        {
            try
            {
                return new TextEncoding(
                    name, Encoding.GetEncoding(spelling, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback));
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                continue;
            }
        }
        return null;
    }

    /// <summary>The error of a name; null when it is valid.</summary>
    public static string? ErrorOf(string name) => name != BytesName && Find(name) is not null ? null
        : $"encoding {Display.Quote(name)} is not known: give one such as {string.Join(", ", Common)}";

    /// <summary>The encoding that a byte order mark indicates, and the mark's length; null when there is no mark.</summary>
    public static (TextEncoding Encoding, int Length)? OfMark(ReadOnlySpan<byte> bytes)
    {
        foreach ((string name, byte[] mark) in Marks)
        {
            if (bytes.StartsWith(mark))
                return (Find(name)!, mark.Length);
        }
        return null;
    }

    /// <summary>Whether bytes without a mark look like UTF-16: in Latin text, many of every second byte are 0.</summary>
    public static bool LooksLikeUtf16(ReadOnlySpan<byte> bytes)
    {
        const int Glance = 4096;
        ReadOnlySpan<byte> begin = bytes[..Math.Min(bytes.Length, Glance)];
        (int even, int odd) = (0, 0);
        for (int i = 0; i < begin.Length; i++)
            _ = begin[i] != 0 ? 0 : i % 2 == 0 ? even++ : odd++;
        return Math.Min(even, odd) == 0 && Math.Max(even, odd) > 1 && 4 * Math.Max(even, odd) >= begin.Length;
    }

    /// <summary>Whether a file's beginning is not text: a PDF, or a zero byte that the encoding does not allow.</summary>
    public static bool IsBinary(ReadOnlySpan<byte> begin, TextEncoding? encoding) =>
        OfMark(begin) is null && encoding?.HasZeroBytes != true && (begin.Contains((byte)0) || begin.StartsWith("%PDF-"u8));

    /// <summary>
    /// The number of bytes that form complete UTF-8 characters, if only the start of another character follows them; else null.
    /// </summary>
    public static int? ValidLength(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
            return bytes.Length;
        int bad = FirstNotUtf8(bytes);
        return Rune.DecodeFromUtf8(bytes[bad..], out _, out _) == OperationStatus.NeedMoreData ? bad : null;
    }

    /// <summary>The offset of the first byte that is not UTF-8.</summary>
    public static int FirstNotUtf8(ReadOnlySpan<byte> bytes)
    {
        Span<char> scratch = stackalloc char[1024];
        int offset = 0;
        OperationStatus status;
        do
        {
            status = System.Text.Unicode.Utf8.ToUtf16(bytes[offset..], scratch, out int valid, out _, replaceInvalidSequences: false);
            offset += valid;
        }
        while (status == OperationStatus.DestinationTooSmall);
        return offset;
    }

    /// <summary>Decodes a text.</summary>
    /// <param name="bytes">The text without a byte order mark.</param>
    /// <param name="bad">The offset of the first invalid byte and its line, from 1; null when there is none.</param>
    /// <returns>The text; null when a byte is invalid.</returns>
    public string? Decode(ReadOnlySpan<byte> bytes, out (int Offset, long Line)? bad)
    {
        bad = null;
        if (IsUtf8)
        {
            if (System.Text.Unicode.Utf8.IsValid(bytes))
                return Encoding.UTF8.GetString(bytes);
            int offset = FirstNotUtf8(bytes);
            bad = (offset, 1 + bytes[..offset].Count((byte)'\n'));
            return null;
        }
        try
        {
            string text = _encoding.GetString(bytes);
            int filler = FillerIn(text);
            if (filler < 0)
                return text;
            bad = (BytesOf(text.AsSpan(0, filler)), 1 + text.AsSpan(0, filler).Count('\n'));
            return null;
        }
        catch (DecoderFallbackException e)
        {
            int offset = Math.Clamp(e.Index, 0, bytes.Length - 1);
            bad = (offset, 1 + LinesIn(bytes[..offset]));
            return null;
        }
    }

    /// <summary>A decoder for bytes as they arrive; an invalid byte throws <see cref="DecoderFallbackException"/>.</summary>
    public Decoder NewDecoder() => _encoding.GetDecoder();

    /// <summary>The maximum number of characters for a number of bytes that follow others.</summary>
    public int MostCharacters(int bytes) => _encoding.GetMaxCharCount(bytes);

    /// <summary>The index of the first replacement for invalid bytes; negative if there is none.</summary>
    public int FillerIn(ReadOnlySpan<char> text) => IsLegacy ? text.IndexOfAnyInRange(FirstFiller, LastFiller) : -1;

    /// <summary>The number of bytes of characters.</summary>
    public int BytesOf(ReadOnlySpan<char> text) => _encoding.GetByteCount(text);

    /// <summary>The number of line feeds in bytes, some of which may be invalid.</summary>
    public int LinesIn(ReadOnlySpan<byte> bytes)
    {
        var lenient = (Encoding)_encoding.Clone();
        lenient.DecoderFallback = DecoderFallback.ReplacementFallback;
        return lenient.GetString(bytes).AsSpan().Count('\n');
    }
}
