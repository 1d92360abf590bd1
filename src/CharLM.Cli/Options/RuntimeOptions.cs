using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Models;
using CharLM.Models.Fused.Quantized;
using CharLM.Torch;
using static TorchSharp.torch;

namespace CharLM.Cli.Options;

/// <summary>The device and the number of threads.</summary>
internal sealed class RuntimeOptions
{
    private readonly Option<string?> _device = OptionOf.Text("--device", "cpu|cuda|cuda:N", "Device to compute on. [default: cpu]");
    private readonly Option<int?> _threads = OptionOf.Integer(
        "--threads", "N", "CPU threads; 0 measures how many are fastest. [default: 0]");

    /// <summary>The bits of a weight.</summary>
    public static Option<WeightBits?> Bits() => OptionOf.Choice<WeightBits>(
        "--weights", "Bits to which each weight is rounded: 8bit and 16bit generate a single text faster, with slightly other "
            + "probabilities. [default: full]");

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="device">Whether to include --device; default true.</param>
    public void AddTo(Command command, bool device = true)
    {
        if (device)
            command.Add(HelpGroup.Machine, _device);
        command.Add(HelpGroup.Machine, _threads);
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

    /// <summary>Opens a model for prediction; torch, which takes longer to load than the model, is loaded only if it is needed.</summary>
    /// <param name="saved">The model.</param>
    /// <param name="parse">The command line.</param>
    /// <param name="bits">How many bits each weight has.</param>
    /// <exception cref="InvalidConfigException">There is no such device, or the weights cannot have so few bits.</exception>
    public ILanguageModel Open(ISavedModel saved, ParseResult parse, WeightBits bits = WeightBits.Full)
    {
        if (bits != WeightBits.Full && !OnCpu(parse))
            throw new InvalidConfigException([$"weights of {Choices.NameOf(bits)} are for the CPU: leave --device or --weights out"]);
        return saved is NGramCheckpoint || OnCpu(parse)
            ? saved.OpenWithoutTorch(Threads(parse), bits) ?? OpenWithTorch(saved, parse)
            : OpenWithTorch(saved, parse);
    }

    /// <summary>The same options for a child process.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="threads">Number of threads if the user gave none; 0 to measure which number is fastest.</param>
    public IReadOnlyList<string> Forward(ParseResult parse, int threads) =>
        ["--device", DeviceOf(parse), "--threads", $"{parse.GetValue(_threads) ?? threads}"];

    private ILanguageModel OpenWithTorch(ISavedModel saved, ParseResult parse) => saved.Open(Use(parse), Threads(parse));

    private string DeviceOf(ParseResult parse) => parse.GetValue(_device) ?? "cpu";
}
