#:property PublishAot=false
// Run by scripts/bench-builds. Loads each build's library separately, and uses by name what is public in all of them.
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

const int WarmUp = 3;
const double SecondsOfRound = 0.02;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Dictionary<string, string> options = new()
{
    ["--cell"] = "lstm", ["--layers"] = "1", ["--hidden"] = "256", ["--batch-size"] = "32", ["--num-steps"] = "35", ["--vocab"] = "28", ["--threads"] = "2",
    ["--rounds"] = "20",
};
List<(string Name, Func<double> Step)> builds = [];
int optionsFrom = Array.FindIndex(args, arg => arg.StartsWith('-'));
foreach (string[] pair in args[(optionsFrom < 0 ? args.Length : optionsFrom)..].Chunk(2))
{
    bool isNumber = pair.Length == 2 && int.TryParse(pair[1], out int number) && number > 0;
    if (pair.Length < 2 || !options.ContainsKey(pair[0]) || (pair[0] == "--cell" ? pair[1] is not ("rnn" or "gru" or "lstm") : !isNumber))
    {
        Console.Error.WriteLine($"bench-builds: options are {string.Join(", ", options.Keys)}; a cell is rnn, gru or lstm, all else a number from 1 on");
        return 2;
    }
    options[pair[0]] = pair[1];
}
foreach (string build in args[..(optionsFrom < 0 ? args.Length : optionsFrom)])
    builds.Add((build[..build.IndexOf('=')], Open(build[(build.IndexOf('=') + 1)..])));

int rounds = Number("--rounds");
List<double>[] times = [.. builds.Select(_ => new List<double>())];
for (int round = 0; round < WarmUp + rounds; round++)
{
    for (int i = 0; i < builds.Count; i++)
    {
        // Alternate the direction, so that linear drift affects all builds equally.
        int build = round % 2 == 0 ? i : builds.Count - 1 - i;
        double seconds = builds[build].Step();
        if (round >= WarmUp)
            times[build].Add(seconds);
    }
}

Console.WriteLine(string.Join(", ", options.Where(option => option.Key != "--rounds").Select(option => $"{option.Key[2..]} {option.Value}")) + $"; {rounds} rounds");
for (int build = 0; build < builds.Count; build++)
{
    double[] ratios = [.. times[0].Zip(times[build], (first, own) => first / own).Order()];
    Console.WriteLine(
        $"{builds[build].Name,-9} {Median(times[build]) * 1e3,8:F3} ms a step   fastest round {times[build].Min() * 1e3,8:F3}   " +
        $"times as fast as {builds[0].Name}: {Median(ratios):F3} (quartiles {ratios[ratios.Length / 4]:F3} to {ratios[3 * ratios.Length / 4]:F3})");
}
return 0;

int Number(string option) => int.Parse(options[option]);

static double Median(IEnumerable<double> values)
{
    double[] ordered = [.. values.Order()];
    return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
}

// Measures a build: the median seconds per step over a few short rounds.
Func<double> Open(string folder)
{
    var context = new AssemblyLoadContext(folder);
    // All builds share one torch; the toolkit loads its library and searches these folders.
    if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is not string known || !known.Contains("CharLM.Cli"))
        AppContext.SetData("NATIVE_DLL_SEARCH_DIRECTORIES", Path.Combine(folder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"));
    context.Resolving += (_, name) => Path.Combine(folder, name.Name + ".dll") is var path && !File.Exists(path) ? null
        : name.Name == "TorchSharp" ? AssemblyLoadContext.Default.LoadFromAssemblyPath(path) : context.LoadFromAssemblyPath(path);
    Assembly toolkit = context.LoadFromAssemblyPath(Path.Combine(folder, "CharLM.Toolkit.dll"));
    Assembly workbench = context.LoadFromAssemblyPath(Path.Combine(folder, "CharLM.Workbench.dll"));
    Type Named(string name) => workbench.GetType("CharLM.Workbench." + name) ?? toolkit.GetType("CharLM." + name, throwOnError: true)!;
    object Made(string name, params (string Property, object Value)[] values)
    {
        object made = Activator.CreateInstance(Named(name))!;
        foreach ((string property, object value) in values)
            made.GetType().GetProperty(property)!.SetValue(made, value);
        return made;
    }
    object model = Made(
        "Models.ModelConfig",
        ("Cell", Enum.Parse(Named("Models.CellKind"), options["--cell"], ignoreCase: true)),
        ("Implementation", Enum.Parse(Named("Models.Implementation"), "Fused")),
        ("NumLayers", Number("--layers")),
        ("NumHiddens", Number("--hidden")));
    object shape = Made(
        "Benchmarking.StepShape",
        ("Model", model),
        ("BatchSize", Number("--batch-size")),
        ("NumSteps", Number("--num-steps")),
        ("VocabSize", Number("--vocab")),
        ("Threads", Number("--threads")),
        ("Rounds", 5),
        ("SecondsOfRound", SecondsOfRound));
    MethodInfo measure = Named("Benchmarking.StepBenchmark").GetMethod("Measure")!;
    return () =>
    {
        object timing = measure.Invoke(null, [shape, CancellationToken.None])!;
        return (double)timing.GetType().GetProperty("SecondsOfStep")!.GetValue(timing)!;
    };
}
