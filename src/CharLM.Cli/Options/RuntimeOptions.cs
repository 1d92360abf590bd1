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

    /// <summary>What is wrong with them, as far as it shows without loading torch.</summary>
    public IEnumerable<string> Faults(ParseResult parse) => TorchRuntime.Faults(DeviceOf(parse), ThreadsOf(parse));

    /// <summary>Loads torch and sets it up.</summary>
    /// <exception cref="InvalidConfigException">There is no such device.</exception>
    public Device Use(ParseResult parse) => TorchRuntime.Use(DeviceOf(parse), ThreadsOf(parse));

    private string DeviceOf(ParseResult parse) => parse.GetValue(_device) ?? "cpu";

    private int ThreadsOf(ParseResult parse) => parse.GetValue(_threads) ?? 0;
}
