using System.Globalization;
using System.Text;

namespace CharLM.Generation.Constraints;

/// <summary>
/// Parses the regular subset of .NET's regular expressions: characters, <c>. [a-z] [^a-z] \d \w \s \p{L}</c>, groups, <c>|</c>,
/// <c>* + ? {n} {n,} {n,m}</c>, and <c>(?i)</c> at the beginning. Constructs that need more than a finite automaton (backreferences,
/// lookaround) are refused.
/// </summary>
/// <remarks>
/// .NET's own automaton (<c>RegexOptions.NonBacktracking</c>) tells whether a text matches, but not which characters may come next. The
/// semantics are .NET's, which the tests verify, except that a character is a Unicode scalar value, not half of a surrogate pair.
/// </remarks>
internal sealed class ExpressionParser
{
    private const int LongestText = 10_000, Deepest = 100, MostRepeats = 10_000;

    private readonly Rune[] _runes;
    private readonly bool _ignoresCase;
    private int _next, _depth;

    private ExpressionParser(string text)
    {
        const string IgnoreCase = "(?i)";
        _ignoresCase = text.StartsWith(IgnoreCase, StringComparison.Ordinal);
        _runes = [.. text[(_ignoresCase ? IgnoreCase.Length : 0)..].EnumerateRunes()];
    }

    /// <summary>Parses an expression.</summary>
    /// <exception cref="FormatException">It is invalid; the message says what is wrong and where.</exception>
    public static Expression Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > LongestText)
            throw new FormatException($"has {text.Length} characters, more than {LongestText}");
        var parser = new ExpressionParser(text);
        Expression expression = parser.ReadChoice();
        return parser._next == parser._runes.Length ? expression
            : throw parser.Error("a ')' closes nothing; write '\\)' for the character");
    }

    private bool IsAtEnd => _next == _runes.Length;

    private Expression ReadChoice()
    {
        if (++_depth > Deepest)
            throw Error($"groups are nested more than {Deepest} deep");
        List<Expression> branches = [ReadSequence()];
        while (Skip('|'))
            branches.Add(ReadSequence());
        _depth--;
        return branches.Count == 1 ? branches[0] : new Expression.Choice(branches);
    }

    private Expression ReadSequence()
    {
        var parts = new List<Expression>();
        // The whole text has to match anyway, so anchors here change nothing.
        if (_depth == 1)
            Skip('^');
        while (!IsAtEnd && !Is('|') && !Is(')'))
        {
            if (_depth == 1 && Is('$') && (_next + 1 == _runes.Length || Is('|', 1)))
                _next++;
            else
                parts.Add(ReadRepeated());
        }
        return parts.Count == 1 ? parts[0] : new Expression.Sequence(parts);
    }

    private Expression ReadRepeated()
    {
        Expression part = ReadAtom();
        if (ReadQuantifier() is not (int least, var most))
            return part;
        if (most < least || (most ?? least) > MostRepeats)
            throw Error(most < least ? $"{{{least},{most}}} ends before it begins"
                : $"nothing may be repeated more than {MostRepeats} times");
        // A lazy quantifier only changes which match comes first, not which texts match.
        Skip('?');
        if (Is('*') || Is('+') || Is('?') || IsCounted())
            throw Error("a quantifier follows a quantifier; put a group between them");
        return new Expression.Repeat(part, least, most);
    }

    private (int Least, int? Most)? ReadQuantifier()
    {
        if (Skip('*'))
            return (0, null);
        if (Skip('+'))
            return (1, null);
        if (Skip('?'))
            return (0, 1);
        if (!IsCounted())
            return null;
        _next++;
        int least = ReadCount();
        int? most = least;
        if (Skip(','))
            most = Is('}') ? null : ReadCount();
        _next++;
        return (least, most);
    }

    // {n} {n,} {n,m}; any other brace is a character, as in .NET.
    private bool IsCounted()
    {
        if (!Is('{'))
            return false;
        int place = _next + 1, digits = Digits(place);
        place += digits;
        if (digits > 0 && place < _runes.Length && _runes[place].Value == ',')
            place += 1 + Digits(place + 1);
        return digits > 0 && place < _runes.Length && _runes[place].Value == '}';
    }

    private int Digits(int place)
    {
        int end = place;
        while (end < _runes.Length && _runes[end].Value is >= '0' and <= '9')
            end++;
        return end - place;
    }

    private int ReadCount()
    {
        int count = 0;
        for (int end = _next + Digits(_next); _next < end; _next++)
            count = Math.Min((count * 10) + (_runes[_next].Value - '0'), MostRepeats + 1);
        return count;
    }

    private Expression ReadAtom()
    {
        switch (_runes[_next++].Value)
        {
            case '(':
                if (Skip('?') && !Skip(':'))
                    throw Error("of the groups that begin with '(?' only '(?:...)' is supported, and '(?i)' at the beginning");
                Expression group = ReadChoice();
                return Skip(')') ? group : throw Error("a ')' is missing");
            case '[':
                return new Expression.One(ReadSet());
            case '.':
                return new Expression.One(rune => rune.Value != '\n');
            case '\\':
                return new Expression.One(ReadEscape(inSet: false, out Rune? one) ?? Exactly(one!.Value));
            case '*' or '+' or '?':
                throw Error("there is nothing to repeat");
            case '^' or '$':
                throw Error("the whole continuation has to match: '^' is allowed only at the beginning and '$' only at the end");
            default:
                return new Expression.One(Exactly(_runes[_next - 1]));
        }
    }

    // Called after "[".
    private Func<Rune, bool> ReadSet()
    {
        bool isNegated = Skip('^');
        var members = new List<Func<Rune, bool>>();
        for (bool first = true; first || !Is(']'); first = false)
        {
            Func<Rune, bool>? set = ReadSetMember(out Rune? from);
            if (set is null && Is('-') && !Is(']', 1) && _next + 1 < _runes.Length)
            {
                _next++;
                if (ReadSetMember(out Rune? to) is not null || to < from)
                    throw Error("a range ends before it begins, or ends with a set");
                set = Between(from!.Value, to!.Value);
            }
            members.Add(set ?? Exactly(from!.Value));
        }
        _next++;
        return isNegated ? rune => !members.Exists(has => has(rune)) : rune => members.Exists(has => has(rune));
    }

    private Func<Rune, bool>? ReadSetMember(out Rune? one)
    {
        if (IsAtEnd)
            throw Error("a ']' is missing");
        one = _runes[_next++];
        if (one.Value.Value == '-' && Is('['))
            throw Error("subtracting one set from another is not supported; write '\\[' for the character");
        return one.Value.Value == '\\' ? ReadEscape(inSet: true, out one) : null;
    }

    // Called after "\": returns a set, or null and one character.
    private Func<Rune, bool>? ReadEscape(bool inSet, out Rune? one)
    {
        one = null;
        if (IsAtEnd)
            throw Error("the expression ends with '\\'; write '\\\\' for the character");
        Rune escaped = _runes[_next++];
        switch (escaped.Value)
        {
            case 'd': return Rune.IsDigit;
            case 'D': return rune => !Rune.IsDigit(rune);
            case 's': return Rune.IsWhiteSpace;
            case 'S': return rune => !Rune.IsWhiteSpace(rune);
            case 'w': return IsWord;
            case 'W': return rune => !IsWord(rune);
            case 'p': return ReadCategory();
            case 'P':
                Func<Rune, bool> category = ReadCategory();
                return rune => !category(rune);
        }
        one = escaped.Value switch
        {
            'a' => new Rune('\a'),
            'b' when inSet => new Rune('\b'),
            'e' => new Rune('\u001b'),
            'f' => new Rune('\f'),
            'n' => new Rune('\n'),
            'r' => new Rune('\r'),
            't' => new Rune('\t'),
            'v' => new Rune('\v'),
            'x' => ReadHex(2),
            'u' => ReadHex(4),
            _ when !Rune.IsLetterOrDigit(escaped) && escaped.Value != '_' => escaped,
            _ => throw Error($"'\\{escaped}' is not supported; the escapes are \\d \\w \\s \\p{{..}}, their capitals, \\a \\e \\f \\n \\r "
                + "\\t \\v, \\xHH, \\uHHHH, and escaped signs"),
        };
        return null;
    }

    private Rune ReadHex(int digits)
    {
        string text = _next + digits <= _runes.Length ? string.Concat(_runes[_next..(_next + digits)]) : "";
        _next += digits;
        return int.TryParse(text, NumberStyles.AllowHexSpecifier, null, out int value) && Rune.TryCreate(value, out Rune rune)
            ? rune
            : throw Error($"expected {digits} hexadecimal digits of a character");
    }

    private Func<Rune, bool> ReadCategory()
    {
        int end = Array.IndexOf(_runes, new Rune('}'), _next);
        string name = Is('{') && end >= 0 ? string.Concat(_runes[(_next + 1)..end]) : "";
        UnicodeCategory[] categories = UnicodeCategories.Named(name);
        if (categories.Length == 0)
            throw Error("\\p takes a general category of Unicode in braces, such as {L} or {Lu}");
        _next = end + 1;
        return rune => categories.Contains(Rune.GetUnicodeCategory(rune));
    }

    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.ConnectorPunctuation;

    private Func<Rune, bool> Exactly(Rune one) => Between(one, one);

    private Func<Rune, bool> Between(Rune from, Rune to)
    {
        bool IsBetween(Rune rune) => rune >= from && rune <= to;
        return _ignoresCase ? rune =>
            IsBetween(rune) || IsBetween(Rune.ToLowerInvariant(rune)) || IsBetween(Rune.ToUpperInvariant(rune)) : IsBetween;
    }

    private bool Is(char c, int ahead = 0) => _next + ahead < _runes.Length && _runes[_next + ahead].Value == c;

    private bool Skip(char c)
    {
        bool isThere = Is(c);
        _next += isThere ? 1 : 0;
        return isThere;
    }

    private FormatException Error(string what) => new($"at character {Math.Min(_next, _runes.Length) + (_ignoresCase ? 4 : 0)}: {what}");
}
