using System.Text.Json;
using CharLM.Training;
using CharLM.Workbench.Configuration;

namespace CharLM.Workbench.Runs;

/// <summary>What rank 0 of a training tells the others after an epoch, which it alone measures and records.</summary>
/// <param name="Epoch">The next epoch, from 0.</param>
/// <param name="Figure">The figure of the one that ended, which the schedule reads.</param>
/// <param name="Continues">Whether another epoch follows.</param>
/// <param name="Saves">Whether a checkpoint is written first.</param>
/// <param name="Interrupted">Whether a signal ended the run while rank 0 measured.</param>
internal readonly record struct EpochDecision(int Epoch, double Figure, bool Continues, bool Saves, bool Interrupted);

/// <summary>A rank other than 0: it learns its rows, does what rank 0 decides, and neither measures nor writes.</summary>
/// <param name="trainer">The trainer.</param>
/// <param name="exchange">The ranks.</param>
internal sealed class FollowingRun(Trainer trainer, IGradientExchange exchange) : IProgress<StepReport>
{
    /// <summary>Trains to the end of the run.</summary>
    /// <returns>Whether it was interrupted.</returns>
    /// <param name="cancellationToken">Ends the run on all ranks after the current minibatch.</param>
    public bool Execute(CancellationToken cancellationToken)
    {
        try
        {
            EpochDecision next = Await();
            if (next.Saves)
                TakePartInSaving();
            while (next.Continues)
            {
                trainer.TrainEpoch(next.Epoch, this, cancellationToken);
                next = Await();
                if (next.Interrupted)
                    break;
                trainer.EpochEnded(next.Figure);
                if (next.Saves)
                    TakePartInSaving();
            }
            TakePartInSaving();
            if (next.Interrupted)
                return true;
            bool interrupted = Await().Interrupted;
            if (interrupted)
                TakePartInSaving();
            return interrupted;
        }
        catch (OperationCanceledException) when (trainer.Agreed is { Stop: true })
        {
            TakePartInSaving();
            return true;
        }
    }

    /// <inheritdoc/>
    public void Report(StepReport value)
    {
        if (trainer.Agreed is { Save: true })
            TakePartInSaving();
    }

    // Rank 0 writes the state of the rows of all ranks.
    private void TakePartInSaving() => trainer.CopyState();

    private EpochDecision Await()
    {
        exchange.Meet();
        return exchange.OfLeader(default(EpochDecision));
    }
}

/// <summary>Makes sure that ranks train the same run.</summary>
internal static class RankAgreement
{
    private const int MostNamed = 5;

    // Where files lie may differ from machine to machine; what is in them is compared by checksum.
    private static readonly HashSet<string> MayDiffer = new(StringComparer.Ordinal)
    {
        "corpus", "checkpoint_path", "cells_file", "start_checkpoint",
    };

    /// <summary>Compares what all ranks are about to train with what rank 0 is; every rank throws if one differs.</summary>
    /// <param name="exchange">The ranks.</param>
    /// <param name="config">The configuration of this one.</param>
    /// <param name="textSha256">The checksum of its text.</param>
    /// <exception cref="RanksException">Names the ranks and what differs.</exception>
    public static void Check(IGradientExchange exchange, RunSettings config, string textSha256)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["program"] = Program,
            ["text"] = $"of SHA-256 {textSha256}",
        };
        foreach ((string key, string value) in YamlRecord.Flatten(config).Where(setting => !MayDiffer.Contains(setting.Key)))
            facts[key] = value;
        Compare(exchange, facts);
    }

    /// <summary>Compares facts with those of rank 0.</summary>
    internal static void Compare(IGradientExchange exchange, IReadOnlyDictionary<string, string> facts)
    {
        string own = JsonSerializer.Serialize(new Facts(Environment.MachineName, facts));
        Facts[] all = [.. exchange.GatherAll(own).Select(text => JsonSerializer.Deserialize<Facts>(text)!)];
        string[] differences = [.. all.SelectMany((rank, number) => rank.Values.Keys.Union(all[0].Values.Keys)
            .Select(key => (key, Is: rank.Values.GetValueOrDefault(key, "nothing"), Leads: all[0].Values.GetValueOrDefault(key, "nothing")))
            .Where(fact => fact.Is != fact.Leads)
            .Select(fact => $"rank {number} ({rank.Host}) has the {fact.key} {fact.Is}, rank 0 ({all[0].Host}) {fact.Leads}"))];
        if (differences.Length == 0)
            return;
        string more = differences.Length > MostNamed ? $"; and {differences.Length - MostNamed} more" : "";
        throw new RanksException(
            $"{string.Join("; ", differences.Take(MostNamed))}{more}: start all ranks with the same program, text and options");
    }

    // The compiler's identifier of what it compiled: equal for equal sources.
    private static string Program => string.Join('-',
        new[] { typeof(RankAgreement), typeof(Trainer) }.Select(type => type.Module.ModuleVersionId.ToString("n")[..12]));

    private sealed record Facts(string Host, IReadOnlyDictionary<string, string> Values);
}
