using CharLM.Generation;
using CharLM.Models;

namespace CharLM.Serving.Engine;

/// <summary>Writes the texts of all requests to one model, side by side, on a thread of its own; further ones wait in order.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal sealed class ModelEngine : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<BatchedText> _waiting = [];
    private readonly ILanguageModel _model;
    private readonly TokenTexts _texts;
    private readonly int _rows, _mostWaiting;
    private readonly Thread _thread;
    private bool _ends;

    /// <summary>An engine that waits for texts.</summary>
    /// <param name="model">The model; the caller disposes it after the engine.</param>
    /// <param name="texts">The texts of its tokens.</param>
    /// <param name="rows">Texts that are written side by side.</param>
    /// <param name="mostWaiting">Texts that may wait for a place.</param>
    public ModelEngine(ILanguageModel model, TokenTexts texts, int rows, int mostWaiting)
    {
        (_model, _texts, _rows, _mostWaiting) = (model, texts, rows, mostWaiting);
        _thread = new Thread(Run) { IsBackground = true, Name = "charlm engine" };
        _thread.Start();
    }

    /// <summary>Adds the texts of a request.</summary>
    /// <returns>False, adding none, when too many wait already.</returns>
    public bool TryAdd(IReadOnlyList<BatchedText> texts)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ends, this);
            if (_waiting.Count + texts.Count > _mostWaiting)
                DropAbandoned();
            if (_waiting.Count + texts.Count > _mostWaiting)
                return false;
            foreach (BatchedText text in texts)
                _waiting.Enqueue(text);
            Monitor.Pulse(_gate);
        }
        return true;
    }

    /// <summary>Ends unfinished texts with an error, and the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ends = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join();
    }

    // Texts whose clients have left keep nobody out, though no row becomes free to pass them over.
    private void DropAbandoned()
    {
        BatchedText[] wanted = [.. _waiting.Where(text => !text.Sink.HasLeft)];
        _waiting.Clear();
        foreach (BatchedText text in wanted)
            _waiting.Enqueue(text);
    }

    private void Run()
    {
        using var batch = new TextBatch(_model, _texts);
        while (Next(batch))
        {
            try
            {
                batch.Step();
            }
            catch (Exception e)
            {
                batch.Fail(e);
            }
        }
        var end = new ObjectDisposedException(nameof(ModelEngine), "the server is ending");
        batch.Fail(end);
        foreach (BatchedText text in _waiting)
            text.Sink.Fail(end);
    }

    // Fills free places; waits while there is nothing to write. False at the end.
    private bool Next(TextBatch batch)
    {
        lock (_gate)
        {
            int count = batch.Count;
            while (!_ends && count == 0 && _waiting.Count == 0)
                Monitor.Wait(_gate);
            while (!_ends && count < _rows && _waiting.TryDequeue(out BatchedText? text))
            {
                if (text.Sink.HasLeft)
                    continue;
                try
                {
                    batch.Add(text);
                    count++;
                }
                catch (Exception e)
                {
                    text.Sink.Fail(e);
                }
            }
            return !_ends;
        }
    }
}
