namespace CharLM.Cli.Tests.Processes;

/// <summary>Models trained by charlm that many tests read and none changes.</summary>
public sealed class TrainedModels : IAsyncLifetime
{
    private readonly Sandbox _sandbox = new(isShared: true);

    /// <summary>A checkpoint trained on <see cref="Texts.Plain"/>.</summary>
    public string Plain => _sandbox.At("plain.safetensors");

    /// <summary>A checkpoint trained on <see cref="Texts.Unicode"/>, uncleaned.</summary>
    public string Unicode => _sandbox.At("unicode.safetensors");

    public async ValueTask InitializeAsync()
    {
        if (OperatingSystem.IsWindows())
            return;
        await TrainAsync(Texts.Plain, Plain);
        await TrainAsync(Texts.Unicode, Unicode, "--cleaning", "none");
    }

    public ValueTask DisposeAsync()
    {
        _sandbox.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task TrainAsync(string text, string checkpoint, params string[] options) =>
        (await _sandbox.RunAsync(
            ["train", "--corpus", _sandbox.Write("text.txt", text), "--epochs", "5", "--out", checkpoint, .. Texts.SmallModel, .. options]))
                .Succeeded();
}
