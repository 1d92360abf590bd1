using System.Buffers.Binary;
using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Cells of an assembly that the program was not built with.</summary>
public sealed class CellsTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // Where the build has left it, in the configuration that these tests have.
    private static string Assembly { get; } = Repository.File(
        "artifacts", "bin", "CharLM.SampleCells", Path.GetFileName(Sandbox.ProgramFolder), "CharLM.SampleCells.dll");

    private string[] Train(string cell, params string[] more) =>
        ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), .. Texts.SmallModel, "--max-tokens", "2000", "--optimizer", "adam",
            "--lr", "0.01", "--cells", Assembly, "--cell", cell, .. more];

    // All tensors of a checkpoint: weights, moments and the state that is carried on; not the seconds in its metadata.
    private byte[] Tensors(string run)
    {
        byte[] file = File.ReadAllBytes(_sandbox.At($"{run}/checkpoints/last.safetensors"));
        return file[(8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file))..];
    }

    [Fact]
    public async Task Train_CellOfAnAssemblyKilledAndResumed_EndsBitByBitAsUninterruptedAndGenerates()
    {
        string[] model = ["--layers", "2", "--dropout", "0.1", "--epochs", "6"];
        Outcome whole = (await _sandbox.RunAsync([.. Train("mgu", model), "--run-dir", "whole"])).Succeeded();
        Assert.Matches(
            "(?m)^cells   ind-rnn, leaky-rnn, mgu; the code of .*CharLM.SampleCells.dll runs in this process, SHA-256 [0-9a-f]{64}$",
                whole.Error);
        Assert.Contains("model   mgu (custom)", whole.Error, StringComparison.Ordinal);
        using (RunningProgram program = _sandbox.Start([.. Train("mgu", model), "--run-dir", "parts", "--checkpoint-every", "1step"]))
        {
            await program.UntilAsync(
                () => File.Exists(_sandbox.At("parts/metrics.jsonl")) && File.ReadAllLines(_sandbox.At("parts/metrics.jsonl")).Length >= 2,
                "two epochs");
            program.Signal(RunningProgram.SigKill);
            Assert.Equal(128 + RunningProgram.SigKill, (await program.EndAsync()).ExitCode);
        }
        string config = File.ReadAllText(_sandbox.At("parts/config.yaml"));
        string sha256 = Regex.Match(config, "cells_sha256: \"([0-9a-f]{64})\"").Groups[1].Value;
        Assert.Contains(sha256, whole.Error, StringComparison.Ordinal);
        Assert.Contains($"cells_file: \"{Assembly}\"", config, StringComparison.Ordinal);

        // Never loaded because a configuration or a model says so; nothing is set aside as damaged.
        string[] files = _sandbox.Files();
        (await _sandbox.RunAsync("train", "--resume", "parts"))
            .Refused(1, "parts: is the run of a model of the cell 'mgu'", sha256, "--cells FILE takes the assembly that has it");
        (await _sandbox.RunAsync("generate", "--checkpoint", "parts"))
            .Refused(1, "holds a model of the cell 'mgu', which CharLM.SampleCells", "--cells FILE takes the assembly that has it");
        string other = _sandbox.At("other.dll");
        File.WriteAllBytes(other, [.. File.ReadAllBytes(Assembly), 0]);
        (await _sandbox.RunAsync("train", "--resume", "parts", "--cells", other))
            .Complained(1, "comes from another file", "give the same file");
        (await _sandbox.RunAsync("generate", "--checkpoint", "parts", "--cells", other)).Complained(1, "comes from another file");
        File.Delete(other);
        Assert.Equal(files, _sandbox.Files());

        (await _sandbox.RunAsync("train", "--resume", "parts", "--cells", Assembly)).Succeeded();
        Assert.Equal(Tensors("whole"), Tensors("parts"));

        string[] withCells = ["--checkpoint", "whole", "--cells", Assembly];
        Outcome generate = (await _sandbox.RunAsync(["generate", "the time", "--length", "20", .. withCells])).Succeeded();
        Assert.Equal("the time".Length + 20 + "\n".Length, generate.Output.Length);
        Outcome[] verbs = await _sandbox.RunEachAsync(
        [
            ["eval", "--corpus", "text.txt", "--json", .. withCells],
            ["inspect", .. withCells],
            ["gradients", "text.txt", "--distance", "5", "--rows", "2", .. withCells],
            ["report", "whole", "--cells", Assembly, "--out", "report.html"],
            ["score", "text.txt", .. withCells],
        ]);
        Assert.All(verbs, verb => verb.Succeeded());
        Assert.InRange(verbs[0].Json().GetProperty("perplexity").GetDouble(), 1, 24);
        (await _sandbox.RunAsync("export", "--checkpoint", "whole", "--out", "x.safetensors"))
            .Refused(1, "holds a model of the cell 'mgu'");
    }

    [Fact]
    public async Task Train_CellsThatCannotBe_AreRefusedInOneLine()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string toolkit = Path.Combine(Sandbox.ProgramFolder, "CharLM.Toolkit.dll");
        await _sandbox.RefuseEachAsync(
            (2, ["train", "text.txt", "--cells", "nowhere.dll", "--cell", "mgu"], ["nowhere.dll: there is no such file"]),
            (2, ["train", "text.txt", "--cells", "text.txt", "--cell", "mgu"], ["text.txt: is no .NET assembly"]),
            (2, ["train", "text.txt", "--cells", toolkit, "--cell", "mgu"], ["CharLM.Toolkit has no public class that is a RecurrentCell"]),
            (2, ["train", "text.txt", "--cell", "mgu"], ["there is no cell 'mgu': expected rnn, gru, lstm or esn", "--cells FILE"]),
            (2, ["train", "text.txt", "--cell", "My Cell"],
                ["--cell takes rnn, gru, lstm, esn, or the name of a cell of --cells, not 'My Cell'"]));
        (await _sandbox.RunAsync("train", "text.txt", "--cells", Assembly, "--cell", "gru"))
            .Complained(2, "and the model's cell is gru: expected one of ind-rnn, leaky-rnn, mgu");
        (await _sandbox.RunAsync(Train("mgu", "--implementation", "fused"))).Complained(2, "the cell mgu is computed by its own class");
        Assert.Equal(["text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task Experiment_CellsOfAnAssembly_AreComparedWithThoseOfTheToolkit()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        _sandbox.Write("cells.yaml", """
            base:
              corpus: text.txt
              text: {validation_fraction: 0.1, max_tokens: 2000}
              model: {num_hiddens: 16, implementation: custom}
              training: {num_epochs: 1, batch_size: 8, num_steps: 10}
            list:
              - {name: gru, model: {cell: gru}}
              - {name: leaky, model: {cell: own, own_cell: leaky-rnn}}
            """);
        (await _sandbox.RunAsync("experiment", "plan", "cells.yaml")).Refused(2, "there is no cell 'leaky-rnn'");
        Outcome run = (await _sandbox.RunAsync("experiment", "run", "cells.yaml", "--cells", Assembly, "--json")).Succeeded();
        Assert.Equal(2, run.Json().GetProperty("trials").GetArrayLength());
        (await _sandbox.RunAsync("experiment", "report", "cells.yaml", "--cells", Assembly)).Succeeded();
    }

    [Fact]
    public async Task Classify_CellOfAnAssembly_ReadsRowsOfDifferentLengths()
    {
        _sandbox.Write("pairs.tsv", string.Concat(Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? "aab" + new string('a', i % 5) + "\tx\n"
            : "bba" + new string('b', i % 7) + "\ty\n")));
        (await _sandbox.RunAsync("classify", "train", "--data", "pairs.tsv", "--cells", Assembly, "--cell", "ind-rnn", "--hidden", "16",
            "--epochs", "3")).Succeeded();
        (await _sandbox.RunAsync("classify", "predict", "aaba")).Refused(1, "holds a model of the cell 'ind-rnn'", "--cells FILE");
        Assert.Matches("^aaba\t[xy]\t", (await _sandbox.RunAsync("classify", "predict", "aaba", "--cells", Assembly)).Succeeded().Output);
    }
}
