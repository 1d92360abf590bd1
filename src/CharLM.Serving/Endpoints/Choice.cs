using System.Text;
using System.Text.Json;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Serving.Engine;
using CharLM.Tokenization;

namespace CharLM.Serving.Endpoints;

/// <summary>One text of a completion: a choice, as OpenAI's clients call it.</summary>
internal sealed class Choice
{
    private readonly CompletionRequest _request;
    private readonly Prompt _prompt;
    private readonly int _index, _sample;
    private readonly TextBuffer _buffer;
    private readonly StringBuilder _text = new();
    private readonly List<BatchedToken> _tokens = [];
    private TextEnd? _end;
    private string[]? _prompted;
    private int _told;
    private long _offset;
    private bool _isTold;

    public Choice(CompletionRequest request, Prompt prompt, int index, int sample, Bell bell, CancellationToken left)
    {
        (_request, _prompt, _index, _sample) = (request, prompt, index, sample);
        _buffer = new TextBuffer(request.Model.Tokenizer, bell, request.Stream, request.Logprobs is not null, left);
        if (request.Echo)
            _text.Append(prompt.Text);
        else
            _offset = LengthOf(prompt.Text);
    }

    /// <summary>Whether the text is complete.</summary>
    public bool HasEnded => _end is not null;

    /// <summary>Whether there is something to send.</summary>
    public bool HasNews => _text.Length > 0 || (_end is not null && !_isTold);

    /// <summary>Tokens of a complete text.</summary>
    public int Tokens => _end?.Tokens ?? 0;

    /// <summary>The text as the engine takes it.</summary>
    public BatchedText Ordered() => new(
        _prompt.Ids, _request.Length, _request.Sampling, _request.Seed, _sample, new StopStrings(_request.Stops), _request.Constraint,
        _buffer)
    {
        TellsPrefix = _request.Echo && _request.Logprobs is not null,
        Top = _request.Logprobs,
    };

    /// <summary>Takes what the engine has written.</summary>
    public void Read()
    {
        if (HasEnded)
            return;
        TextNews news = _buffer.Read();
        _text.Append(news.Text);
        _tokens.AddRange(news.Tokens);
        _end = news.End;
    }

    /// <summary>Writes the choice, with what it has gained since it was last written.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("text", _text.ToString());
        json.WriteNumber("index", _index);
        if (_request.Logprobs is null)
            json.WriteNull("logprobs");
        else
            WriteLogprobs(json);
        json.WriteString("finish_reason", _end is null ? null : _end.Reason == EndReason.Length ? "length" : "stop");
        json.WriteEndObject();
        _text.Clear();
        _tokens.Clear();
        _isTold = HasEnded;
    }

    private void WriteLogprobs(Utf8JsonWriter json)
    {
        // The end of a document is no text.
        IEnumerable<BatchedToken> tokens = _tokens.Where(token => token.Id != _request.Model.EndId);
        json.WriteStartObject("logprobs");
        json.WriteStartArray("tokens");
        foreach (BatchedToken token in tokens)
            json.WriteStringValue(Spelled(token.Token));
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs");
        foreach (BatchedToken token in tokens)
            WriteLogprob(json, token.LogProbability);
        json.WriteEndArray();
        json.WriteStartArray("top_logprobs");
        foreach (BatchedToken token in tokens)
        {
            if (token.Top is null)
                json.WriteNullValue();
            else
                WriteTop(json, token.Top);
        }
        json.WriteEndArray();
        json.WriteStartArray("text_offset");
        foreach (BatchedToken token in tokens)
        {
            json.WriteNumberValue(BeginningOf(token));
            _offset += token.IsOfPrefix ? LengthOfPrompt() : _request.Model.Tokenizer.CharactersOf(token.Token);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteTop(Utf8JsonWriter json, IReadOnlyList<TopPrediction> top)
    {
        json.WriteStartObject();
        foreach (TopPrediction one in top)
        {
            json.WritePropertyName(NameOf(one.Token));
            WriteLogprob(json, Math.Log(one.Probability));
        }
        json.WriteEndObject();
    }

    private string NameOf(int token) => token == _request.Model.EndId || token == Vocab.UnknownId
        ? _request.Model.Vocab[token] : Spelled(_request.Model.Texts.Of(token, isAtBeginning: false));

    // A byte alone may not be a character.
    private string Spelled(string token) => _request.Model.Tokenizer.Kind == TokenKind.Byte && token is [> '\x7f' and var b]
        ? $"bytes:\\x{(int)b:x2}" : token;

    // A byte that continues a character has this one's place; in what was written, none has a place of the prompt.
    private long BeginningOf(in BatchedToken token) =>
        _request.Model.Tokenizer.Kind != TokenKind.Byte || _request.Model.Tokenizer.CharactersOf(token.Token) > 0 ? _offset
            : Math.Max(token.IsOfPrefix ? 0 : LengthOf(_prompt.Text), _offset - 1);

    private static void WriteLogprob(Utf8JsonWriter json, double? value)
    {
        if (value is { } number)
            json.WriteNumberValue(double.IsFinite(number) ? Math.Round(number, 6) : -9999);
        else
            json.WriteNullValue();
    }

    // Tokens of the prompt are as long as what the client sent, also where the model reads <unk>; the last one reaches to the prompt's end.
    private long LengthOfPrompt()
    {
        Tokenizer tokenizer = _request.Model.Tokenizer;
        _prompted ??= [.. tokenizer.Tokenize(_request.Model.Spelled(_prompt.Text))];
        int i = _told++;
        return i >= _prompted.Length - 1 ? LengthOf(_prompt.Text) - _offset
            : tokenizer.CharactersOf(_prompted[i]) + (i == 0 ? 0 : tokenizer.TokenSeparator.Length);
    }

    private static int LengthOf(string text) => text.EnumerateRunes().Count();
}
