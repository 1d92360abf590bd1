using System.Security.Cryptography;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>The file of the model with which a training run begins: <c>--checkpoint</c>, or that of a run that is repeated.</summary>
/// <param name="Path">The file, a full path.</param>
/// <param name="Sha256">Its SHA-256.</param>
internal sealed record StartModel(string Path, string Sha256)
{
    /// <summary>The file of a model, which has been read before.</summary>
    /// <param name="path">The file.</param>
    public static StartModel Of(string path)
    {
        using FileStream file = File.OpenRead(path);
        return new StartModel(System.IO.Path.GetFullPath(path), Convert.ToHexStringLower(SHA256.HashData(file)));
    }

    /// <summary>A configuration that remembers with which model its run begins.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="isNamed">Whether the user named the model, which may then be another one than in the configuration.</param>
    /// <exception cref="InvalidConfigException">The file has changed since the configuration was written.</exception>
    public TConfig Remember<TConfig>(TConfig config, bool isNamed)
        where TConfig : RunSettings
    {
        if (!isNamed && config.StartSha256 is { } before && before != Sha256)
        {
            throw new InvalidConfigException(
                [$"start-checkpoint {Path} is another file than when the configuration was written: SHA-256 is {Sha256}, "
                    + $"expected {before}; --checkpoint takes it nevertheless"]);
        }
        return (TConfig)((RunSettings)config with { StartCheckpoint = Path, StartSha256 = Sha256 });
    }
}
