using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>The registry of custom cells, by the names that <see cref="ModelConfig.OwnCell"/> and checkpoints use.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
public static partial class RecurrentCells
{
    private static readonly ConcurrentDictionary<string, OwnCell> Cells = new(StringComparer.Ordinal);

    /// <summary>The registered names, in order.</summary>
    public static IReadOnlyList<string> Names => [.. Cells.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Registers a cell for this process under a name; first creates small cells and runs one step, as a check.
    /// </summary>
    /// <param name="name">An unused name: 1 to 64 of a-z, 0-9 and '-'.</param>
    /// <param name="create">Creates a cell for an input size and a hidden size.</param>
    /// <exception cref="ArgumentException">The name is invalid or taken.</exception>
    /// <exception cref="InvalidConfigException">The cell does not have the requested sizes, or its step fails the check.</exception>
    public static void Register(string name, Func<int, int, RecurrentCell> create) => Register(name, create, sha256: null);

    /// <summary>Registers every public cell of an assembly under its class name in kebab-case: <c>LeakyRnn</c> as leaky-rnn.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="sha256">The checksum of its file; null if it was not loaded from a file.</param>
    /// <returns>The registered names.</returns>
    /// <exception cref="InvalidConfigException">The assembly has no cell, or one that cannot be created from an input size and a hidden
    /// size.</exception>
    internal static IReadOnlyList<string> RegisterAll(Assembly assembly, string? sha256)
    {
        var names = new List<string>();
        foreach (Type type in assembly.GetExportedTypes().Where(type => !type.IsAbstract && type.IsSubclassOf(typeof(RecurrentCell))))
        {
            ConstructorInfo constructor = type.GetConstructor([typeof(int), typeof(int)])
                ?? throw new InvalidConfigException([$"the cell {type.FullName} has no constructor of an input size and a hidden size"]);
            string name = JsonNamingPolicy.KebabCaseLower.ConvertName(type.Name);
            Register(name, (input, hidden) => (RecurrentCell)constructor.Invoke(
                BindingFlags.DoNotWrapExceptions, null, [input, hidden], null), sha256);
            names.Add(name);
        }
        return names.Count > 0 ? names
            : throw new InvalidConfigException([$"{assembly.GetName().Name} has no public class that is a {nameof(RecurrentCell)}"]);
    }

    /// <summary>A registered cell; null if the name is not registered.</summary>
    internal static OwnCell? Find(string? name) => name is null ? null : Cells.GetValueOrDefault(name);

    /// <summary>A registered cell.</summary>
    /// <exception cref="InvalidConfigException">The name is not registered.</exception>
    internal static OwnCell Get(string name) => Find(name) ?? throw new InvalidConfigException([ErrorOf(name)]);

    /// <summary>Whether a name is valid for a cell.</summary>
    internal static bool IsName(string? name) => name is not null && CellName().IsMatch(name) && !Choices.TryParse(name, out CellKind _);

    /// <summary>The message for a name that is not registered.</summary>
    internal static string ErrorOf(string? name) =>
        $"there is no cell '{name}': expected rnn, gru, lstm or esn"
            + (Names is { Count: > 0 } names ? $", or a registered one: {string.Join(", ", names)}" : ", and no other one is registered");

    private static void Register(string name, Func<int, int, RecurrentCell> create, string? sha256)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(create);
        if (!CellName().IsMatch(name))
            throw new ArgumentException($"a cell's name is 1 to 64 of a-z, 0-9 and '-', not '{name}'", nameof(name));
        if (Choices.TryParse(name, out CellKind _))
            throw new ArgumentException($"the name '{name}' is taken by a cell of the toolkit: expected another one", nameof(name));
        if (Find(name) is { } other)
            throw Taken(other);
        var cell = OwnCell.Of(name, create, sha256);
        if (!Cells.TryAdd(name, cell))
            throw Taken(Cells[name]);

        static ArgumentException Taken(OwnCell other) =>
            new($"the name '{other.Name}' is taken by {other.Type}, of {other.Assembly}: expected another one", nameof(name));
    }

    [GeneratedRegex("^[a-z0-9-]{1,64}$")]
    private static partial Regex CellName();
}

/// <summary>A registered cell.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal sealed class OwnCell
{
    // Sizes for finding out how shapes depend on them; multiples of 8, which some cells require.
    private const int Input = 8, Hidden = 16;

    private readonly Func<int, int, RecurrentCell> _create;

    // Each dimension as a * input + b * hidden + c; null if a dimension has another form.
    private readonly (string Name, (long Input, long Hidden, long Constant)[] Shape)[]? _shapes;

    private OwnCell(string name, Func<int, int, RecurrentCell> create, string? sha256)
    {
        (Name, _create, Sha256) = (name, create, sha256);
        using RecurrentCell probe = Create(Input, Hidden);
        (NumStates, Type) = (probe.NumStates, probe.GetType().FullName ?? probe.GetType().Name);
        AssemblyName assembly = probe.GetType().Assembly.GetName();
        Assembly = $"{assembly.Name} {assembly.Version}";
        using (no_grad())
        using (NewDisposeScope())
            probe.Check(probe.call(zeros(2, Input), probe.BeginStates(2)), batch: 2);
        _shapes = Solve(Shapes(probe));
    }

    /// <summary>The registered name.</summary>
    public string Name { get; }

    /// <summary>The cell's class.</summary>
    public string Type { get; }

    /// <summary>The assembly of the class, with its version.</summary>
    public string Assembly { get; }

    /// <summary>The checksum of the assembly's file; null if the program registered the cell itself.</summary>
    public string? Sha256 { get; }

    /// <summary>Number of states.</summary>
    public int NumStates { get; }

    /// <summary>Checks a cell without registering it; leaves torch's generator unchanged.</summary>
    public static OwnCell Of(string name, Func<int, int, RecurrentCell> create, string? sha256)
    {
        using Tensor generator = get_rng_state();
        try
        {
            return new OwnCell(name, create, sha256);
        }
        finally
        {
            set_rng_state(generator);
        }
    }

    /// <summary>Creates a cell of the given sizes.</summary>
    /// <exception cref="InvalidConfigException">The cell has other sizes, or initial weights that are NaN or infinite.</exception>
    public RecurrentCell Create(int inputSize, int hiddenSize)
    {
        RecurrentCell cell = _create(inputSize, hiddenSize)
            ?? throw new InvalidConfigException([$"the cell {Name} came as null, expected a {nameof(RecurrentCell)}"]);
        if (cell.InputSize != inputSize || cell.HiddenSize != hiddenSize)
            throw new InvalidConfigException(
                [$"the cell {Name} came with an input of {cell.InputSize} and {cell.HiddenSize} hidden units, expected {inputSize} and "
                    + $"{hiddenSize}"]);
        if (NumStates > 0 && cell.NumStates != NumStates)
            throw new InvalidConfigException([$"the cell {Name} came with {cell.NumStates} states, expected {NumStates}"]);
        // Registers the fields of the class, as a model would.
        using (var holder = new Holder(cell))
            cell.CheckParameters();
        return cell;
    }

    /// <summary>The names and shapes of the parameters, in order of creation.</summary>
    public IEnumerable<(string Name, long[] Shape)> ShapesAt(int inputSize, int hiddenSize)
    {
        if (_shapes is not null)
            return _shapes.Select(one => (one.Name, one.Shape.Select(
                size => (size.Input * inputSize) + (size.Hidden * hiddenSize) + size.Constant).ToArray()));
        using Tensor generator = get_rng_state();
        try
        {
            using RecurrentCell cell = Create(inputSize, hiddenSize);
            return Shapes(cell);
        }
        finally
        {
            set_rng_state(generator);
        }
    }

    private static List<(string Name, long[] Shape)> Shapes(RecurrentCell cell) =>
        [.. cell.named_parameters().Select(entry => (entry.name, entry.parameter.shape))];

    // Three sizes give the factors and a fourth confirms them, so that a file's shapes can be checked without allocating them.
    private (string, (long, long, long)[])[]? Solve(List<(string Name, long[] Shape)> first)
    {
        try
        {
            using RecurrentCell wider = Create(2 * Input, Hidden), larger = Create(Input, 2 * Hidden),
                other = Create(5 * Input, 3 * Hidden);
            List<(string Name, long[] Shape)> byInput = Shapes(wider), byHidden = Shapes(larger), confirmed = Shapes(other);
            var solved = new List<(string, (long, long, long)[])>();
            for (int i = 0; i < first.Count; i++)
            {
                (string name, long[] shape) = first[i];
                if (byInput[i].Name != name || byHidden[i].Name != name || confirmed[i].Name != name)
                    return null;
                var sizes = new (long, long, long)[shape.Length];
                for (int d = 0; d < shape.Length; d++)
                {
                    long a = (byInput[i].Shape[d] - shape[d]) / Input, b = (byHidden[i].Shape[d] - shape[d]) / Hidden;
                    long c = shape[d] - (a * Input) - (b * Hidden);
                    if (confirmed[i].Shape[d] != (5 * a * Input) + (3 * b * Hidden) + c)
                        return null;
                    sizes[d] = (a, b, c);
                }
                solved.Add((name, sizes));
            }
            return [.. solved];
        }
        // A cell may refuse sizes that no user requested.
        catch (Exception e) when (e is ArgumentException or InvalidConfigException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private sealed class Holder : nn.Module
    {
        public Holder(RecurrentCell cell)
            : base("holder") => register_module("cell", cell);

        // The caller keeps ownership of the cell.
        protected override void Dispose(bool disposing)
        {
            _internal_submodules.clear();
            base.Dispose(disposing);
        }
    }
}
