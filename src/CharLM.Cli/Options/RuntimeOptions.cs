using System.CommandLine;
using CharLM.Runs;
using static TorchSharp.torch;

namespace CharLM.Cli.Options;

/// <summary>Where torch computes.</summary>
internal sealed class RuntimeOptions
{
    private readonly Option<string?> _device = OptionOf.Text("--device", "cpu|cuda|cuda:N", "Where to compute. [default: cpu]");
    private readonly Option<int?> _threads = OptionOf.Integer("--threads", "N", "Threads of one operation; 0 chooses. [default: 0]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_threads);
    }

    /// <summary>Sets torch up.</summary>
    /// <exception cref="InvalidConfigException">There is no such device.</exception>
    public Device Use(ParseResult parse) => TorchRuntime.Use(parse.GetValue(_device) ?? "cpu", parse.GetValue(_threads) ?? 0);
}
