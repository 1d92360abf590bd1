using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Torch;
using static TorchSharp.torch;

namespace CharLM.Cli.Options;

/// <summary>Where torch computes.</summary>
internal sealed class RuntimeOptions
{
    private readonly Option<string?> _device = OptionOf.Text("--device", "cpu|cuda|cuda:N", "Device to compute on. [default: cpu]");
    private readonly Option<int?> _threads = OptionOf.Integer(
        "--threads", "N", "CPU threads; 0 measures how many are fastest. [default: 0]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(HelpGroup.Machine, _device, _threads);
    }

    /// <summary>Whether the CPU computes.</summary>
    public bool OnCpu(ParseResult parse) => DeviceOf(parse) == "cpu";

    /// <summary>How many threads share the work; 0: as many as measure faster.</summary>
    public int Threads(ParseResult parse) => parse.GetValue(_threads) ?? 0;

    /// <summary>What is wrong with them, as far as it shows without loading torch.</summary>
    public IEnumerable<string> Errors(ParseResult parse) => TorchRuntime.Errors(DeviceOf(parse), Threads(parse));

    /// <summary>Loads torch and sets it up.</summary>
    /// <exception cref="InvalidConfigException">There is no such device.</exception>
    public Device Use(ParseResult parse) => TorchRuntime.Use(DeviceOf(parse), Threads(parse));

    /// <summary>The same options for a process that runs for this one.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="threads">How many threads share the work when the user did not say; 0: as many as measure faster.</param>
    public IReadOnlyList<string> Forward(ParseResult parse, int threads) =>
        ["--device", DeviceOf(parse), "--threads", $"{parse.GetValue(_threads) ?? threads}"];

    private string DeviceOf(ParseResult parse) => parse.GetValue(_device) ?? "cpu";
}
