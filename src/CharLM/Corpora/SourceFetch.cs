using Polly;
using Polly.Retry;

namespace CharLM.Corpora;

/// <summary>One place that a corpus is fetched from.</summary>
internal abstract class SourceFetch
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    public abstract string Label { get; }

    // Leaves the verified corpus in `partial`, or throws a FetchException.
    public abstract Task FetchAsync(PartialFile partial, CancellationToken cancellationToken);

    // Tries again what may pass, with pauses that double.
    protected async Task RetryAsync(
        CorpusEntry entry, CorpusSettings settings, bool retryConnections, IProgress<CorpusNotice>? notices,
        Func<CancellationToken, Task> fetch, CancellationToken cancellationToken)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = settings.Clock };
        if (settings.Tries > 1)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = settings.Tries - 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = settings.RetryDelay,
                MaxDelay = settings.RetryDelay > LongestDelay ? settings.RetryDelay : LongestDelay,
                ShouldHandle = new PredicateBuilder().Handle<FetchException>(e => e.Fault == FetchFault.Transient || (e.Fault == FetchFault.NoConnection && retryConnections)),
                OnRetry = retry =>
                {
                    notices?.Report(new CorpusNotice(
                        CorpusNoticeKind.Retry, $"{entry.Name}: {Label}: {retry.Outcome.Exception!.Message}; next try in {retry.RetryDelay.TotalSeconds:0.#} s"));
                    return default;
                },
            });
        }
        int tries = 0;
        try
        {
            await builder.Build().ExecuteAsync(
                async token =>
                {
                    tries++;
                    await fetch(token);
                },
                cancellationToken);
        }
        catch (FetchException e) when (tries > 1)
        {
            throw new FetchException(e.Fault, $"{e.Message} ({tries} tries)", e);
        }
    }
}
