using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Torch;
using static TorchSharp.torch;

namespace CharLM.Cli.Options;

/// <summary>The device and the number of threads.</summary>
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

    /// <summary>Whether the device is the CPU.</summary>
    public bool OnCpu(ParseResult parse) => DeviceOf(parse) == "cpu";

    /// <summary>Number of threads; 0 to measure which number is fastest.</summary>
    public int Threads(ParseResult parse) => parse.GetValue(_threads) ?? 0;

    /// <summary>The errors that can be found without loading torch.</summary>
    public IEnumerable<string> Errors(ParseResult parse) => TorchRuntime.Errors(DeviceOf(parse), Threads(parse));

    /// <summary>Loads torch and configures it.</summary>
    /// <exception cref="InvalidConfigException">There is no such device.</exception>
    public Device Use(ParseResult parse) => TorchRuntime.Use(DeviceOf(parse), Threads(parse));

    /// <summary>The same options for a child process.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="threads">Number of threads if the user gave none; 0 to measure which number is fastest.</param>
    public IReadOnlyList<string> Forward(ParseResult parse, int threads) =>
        ["--device", DeviceOf(parse), "--threads", $"{parse.GetValue(_threads) ?? threads}"];

    private string DeviceOf(ParseResult parse) => parse.GetValue(_device) ?? "cpu";
}
