using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Runs whose new files are all opened by another process, as indexers and virus scanners do.</summary>
public sealed class WatchedRunTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // .NET locks the files that it opens, on Linux, too: a shared lock must not prevent an exclusive one a moment later.
    [Fact]
    public async Task Train_WhileEveryFileIsOpenedAsItAppears_EndsAndGoesOnAsUnwatched()
    {
        string[] train = ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), .. Texts.SmallModel, "--threads", "1"];
        Directory.CreateDirectory(_sandbox.At("seen"));
        using var end = new CancellationTokenSource();
        var watcher = Task.Run(() => OpenAll(_sandbox.At("seen"), end.Token));
        string[] saving = ["--checkpoint-every", "1", "--keep-last", "3", "--out", "seen/out.safetensors", "--log-json", "seen/log.jsonl"];
        (await _sandbox.RunAsync([.. train, "--epochs", "40", "--run-dir", "seen/run", .. saving])).Succeeded();
        (await _sandbox.RunAsync(["train", "--resume", "seen/run", "--epochs", "60", "--checkpoint-every", "1"])).Succeeded();
        await end.CancelAsync();
        Assert.InRange(await watcher, 20, int.MaxValue);
        (await _sandbox.RunAsync([.. train, "--epochs", "60", "--run-dir", "unseen"])).Succeeded();
        Assert.Equal(Last("unseen"), Last("seen/run"));
    }

    // The last sample depends on every weight.
    private string Last(string run) => File.ReadAllLines(_sandbox.At($"{run}/samples.txt"))[^2];

    private static int OpenAll(string folder, CancellationToken cancellationToken)
    {
        var opened = new HashSet<(string, DateTime)>();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
                {
                    using var held = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
                    opened.Add((file, File.GetLastWriteTimeUtc(file)));
                    Thread.Sleep(1);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The file has gone, or is locked by its owner.
            }
        }
        return opened.Count;
    }
}
