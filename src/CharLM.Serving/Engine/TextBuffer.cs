using System.Text;
using System.Threading.Channels;
using CharLM.Generation;
using CharLM.Tokenization;

namespace CharLM.Serving.Engine;

/// <summary>Wakes the response to a request when its texts have news.</summary>
/// <remarks>Thread safety: any number of threads; one waits.</remarks>
internal sealed class Bell
{
    private readonly Channel<bool> _rung = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Wakes the waiter, now or as soon as it waits.</summary>
    public void Ring() => _rung.Writer.TryWrite(true);

    /// <summary>Waits until the bell has rung since the last wait.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken) => await _rung.Reader.ReadAsync(cancellationToken);
}

/// <summary>What a text has gained since it was last read.</summary>
/// <param name="Text">The final text.</param>
/// <param name="Tokens">The tokens of that text, if they were requested.</param>
/// <param name="End">How the text ends; null when it continues.</param>
internal readonly record struct TextNews(string Text, IReadOnlyList<BatchedToken> Tokens, TextEnd? End);

/// <summary>Holds the news of one text between the engine, which writes it, and the response, which reads it.</summary>
/// <remarks>Thread safety: one thread writes, one reads.</remarks>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="bell">Rung at the end and, if <paramref name="streams"/>, at each token.</param>
/// <param name="streams">Whether the response wants news before the end.</param>
/// <param name="keepsTokens">Whether the response wants tokens.</param>
/// <param name="left">Cancelled when nobody reads any more.</param>
internal sealed class TextBuffer(Tokenizer tokenizer, Bell bell, bool streams, bool keepsTokens, CancellationToken left) : ITextSink
{
    private readonly object _gate = new();
    private readonly StringBuilder _text = new();
    private readonly Queue<BatchedToken> _tokens = [];

    // A character of a byte model may arrive in parts.
    private readonly Decoder? _decoder = tokenizer.Kind == TokenKind.Byte ? Encoding.UTF8.GetDecoder() : null;
    private long _final, _released;
    private TextEnd? _end;
    private Exception? _error;

    /// <inheritdoc/>
    public bool HasLeft => left.IsCancellationRequested;

    /// <inheritdoc/>
    public void Take(in BatchedToken token)
    {
        lock (_gate)
        {
            _text.Append(token.Text);
            if (keepsTokens && token.Id is not null)
                _tokens.Enqueue(token);
            _end = token.End;
        }
        if (streams || token.End is not null)
            bell.Ring();
    }

    /// <inheritdoc/>
    public void Fail(Exception error)
    {
        lock (_gate)
            _error = error;
        bell.Ring();
    }

    /// <summary>Reads the news.</summary>
    /// <exception cref="Exception">What ended the text before its time.</exception>
    public TextNews Read()
    {
        string text;
        List<BatchedToken> tokens = [];
        TextEnd? end;
        lock (_gate)
        {
            if (_error is not null)
                throw _error is GenerationException ? new GenerationException(_error.Message) : _error;
            (text, end) = (_text.ToString(), _end);
            _text.Clear();
            _final += text.Length;
            // Tokens go with their text: those of a stop string are never told.
            while (_tokens.TryPeek(out BatchedToken token)
                && (token.IsOfPrefix || _released + token.Token.Length <= _final))
            {
                _released += token.IsOfPrefix ? 0 : token.Token.Length;
                tokens.Add(_tokens.Dequeue());
            }
        }
        return new TextNews(_decoder is null ? text : Decode(text, end is not null), tokens, end);
    }

    private string Decode(string spelled, bool isLast)
    {
        byte[] bytes = tokenizer.BytesOf(spelled);
        var characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length + 4)];
        return new string(characters, 0, _decoder!.GetChars(bytes, characters, isLast));
    }
}
