using System.CommandLine;
using System.Runtime.CompilerServices;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Models;
using CharLM.Serving;
using CharLM.Serving.Engine;
using CharLM.Serving.Http;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm serve</c>.</summary>
internal sealed class ServeCommand : Verb
{
    /// <summary>The environment variable with the key.</summary>
    public const string KeyVariable = "CHARLM_KEY";

    private const int LongestKeyFile = 4_096;

    private readonly Argument<string[]> _models = new("model")
    {
        HelpName = "model",
        Arity = ArgumentArity.ZeroOrMore,
        Description = "The models: their files, or run directories; the first is the one that requests get by default. [default: as "
            + "--checkpoint]",
    };
    private readonly SavedModelOptions _model = new();
    private readonly Option<string?> _host = OptionOf.Text(
        "--host", "ADDRESS", "IP address to listen on, such as 0.0.0.0 for every interface; beyond this machine only with a key. [default: "
            + "127.0.0.1]");
    private readonly Option<int?> _port = OptionOf.Integer(
        "--port", "N", $"Port to listen on; 0 takes any free one. [default: {ServeConfig.DefaultPort}]");
    private readonly Option<string?> _keyFile = OptionOf.Text(
        "--key-file", "FILE", $"File with the key that requests must carry. [default: the variable {KeyVariable}; without it none]");
    private readonly Option<string?> _runs = OptionOf.Text(
        "--runs", "FOLDER", $"Folder of the runs that the page shows. [default: {RunDirectory.DefaultParent}]");
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public ServeCommand()
        : base("serve", "Play with models in a browser, watch runs train, and answer programs as OpenAI's completions do.")
    {
        Add(_models);
        _model.AddTo(this);
        foreach (Option option in new Option[] { _host, _port, _keyFile, _runs })
            Add(option);
        _runtime.AddTo(this);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm serve", "the model that was trained last: open the address that it prints"),
        ("charlm serve runs/mine runs/other", "two models, to compare side by side"),
        ("charlm serve --host 0.0.0.0 --key-file key.txt", "for other machines, too"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        SharedFramework.Require();
        return await ServeAsync(parse, cancellationToken);
    }

    // What ASP.NET Core is needed for is compiled only after it has been found.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<int> ServeAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string[] names = parse.GetValue(_models) ?? [];
        if (names.Length > 0 && _model.Named(parse) is not null)
            throw new InvalidConfigException(["name the models in one place: after serve, or with --checkpoint"]);
        var config = new ServeConfig
        {
            Host = parse.GetValue(_host) ?? "127.0.0.1",
            Port = parse.GetValue(_port) ?? ServeConfig.DefaultPort,
            Key = KeyOf(parse),
            RunsFolder = parse.GetValue(_runs) ?? RunDirectory.DefaultParent,
        };
        InvalidConfigException.ThrowIfAny([.. _runtime.Errors(parse), .. config.Errors().Select(WithAdvice)]);
        string[] paths = names.Length == 0 ? [_model.Path(parse)] : [.. names.Select(SavedModelOptions.FileOf)];
        var models = new List<ServedModel>();
        try
        {
            for (int i = 0; i < paths.Length; i++)
                models.Add(Load(parse, names.Length == 0 ? null : names[i], paths[i], config.Limits, models));
            await using TextServer server = await TextServer.StartAsync(config, models, cancellationToken);
            Tell(parse, server, models, paths);
            await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
        }
        finally
        {
            models.ForEach(model => model.Dispose());
        }
        // Ctrl+C is how a server ends.
        return ExitCode.Done;
    }

    private ServedModel Load(ParseResult parse, string? name, string path, ServeLimits limits, List<ServedModel> before)
    {
        ISavedModel saved = ModelFile.Read(path);
        ILanguageModel model = saved is NGramCheckpoint ? saved.Open() : saved.Open(_runtime.Use(parse), _runtime.Threads(parse));
        string id = IdOf(name, path);
        string unique = id;
        for (int number = 2; before.Any(one => one.Id == unique); number++)
            unique = $"{id}-{number}";
        return new ServedModel(unique, saved, model, File.GetLastWriteTimeUtc(path), limits.Rows, limits.Waiting);
    }

    // A run's models are all called best or last: the run has the better name.
    private static string IdOf(string? name, string path)
    {
        if (name is not null && Directory.Exists(name))
            return new RunDirectory(name).Name;
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        return Path.GetFileName(folder) == "checkpoints" && Path.GetDirectoryName(folder) is { } parent
            && new RunDirectory(parent) is { Name.Length: > 0 } run && File.Exists(run.ConfigPath) ? run.Name
            : Path.GetFileNameWithoutExtension(path);
    }

    private void Tell(ParseResult parse, TextServer server, List<ServedModel> models, string[] paths)
    {
        if (parse.GetValue(_json))
        {
            parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(new
            {
                Address = server.Address.ToString(),
                Models = models.Select((model, i) => new { model.Id, Checkpoint = paths[i] }),
            }));
            return;
        }
        for (int i = 0; i < models.Count; i++)
        {
            parse.InvocationConfiguration.Error.WriteLine(
                $"model   {Printable.Text(models[i].Id)}: {Printable.Text(paths[i])}, trained on "
                    + Printable.Text(models[i].Saved.Corpus.Name));
        }
        parse.InvocationConfiguration.Output.WriteLine(server.Address);
        parse.InvocationConfiguration.Error.WriteLine("open it in a browser; Ctrl+C ends it");
    }

    // The file's content without white space around it; what is longer is not a key.
    private string? KeyOf(ParseResult parse)
    {
        if (parse.GetValue(_keyFile) is not { } path)
            return Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key ? key : null;
        using FileStream file = File.OpenRead(path);
        var bytes = new byte[LongestKeyFile];
        int read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return read == bytes.Length ? throw new IOException($"{path} is not a key: it has {LongestKeyFile} bytes or more")
            : System.Text.Encoding.UTF8.GetString(bytes, 0, read).Trim();
    }

    // The library does not know where the key comes from.
    private static string WithAdvice(string error) =>
        error.EndsWith("takes a key", StringComparison.Ordinal) ? $"{error}, from --key-file or the variable {KeyVariable}" : error;
}
