using System.Globalization;
using System.Reflection;

namespace SystemTorch.Tests;

/// <summary>The binding declares nothing that TorchSharp has not: source written against it compiles against TorchSharp.</summary>
public class SurfaceTests
{
    [Fact]
    public void Members_ComparedWithTorchSharp_AreAllKnown()
    {
        Engine.RequireSystem();
        string list = SharedFile("torchsharp", "surface-0.106.txt");

        HashSet<string> known = [.. File.ReadLines(list)];
        string[] unknown = [.. typeof(torch).Assembly.GetTypes().Where(IsVisible).SelectMany(Describe).Distinct().Where(line => !known.Contains(line))];

        Assert.Empty(unknown);
    }

    [Fact]
    public void OverloadsOfAMethod_ComparedWithTorchSharp_AreComplete()
    {
        Engine.RequireSystem();
        string list = SharedFile("torchsharp", "surface-0.106.txt");

        // With the same overloads the compiler makes the same choice. Left out are only those with types that are left out.
        string[] mine = [.. typeof(torch).Assembly.GetTypes().Where(IsVisible).SelectMany(Describe).Distinct()];
        HashSet<string> declared = [.. mine];
        HashSet<string> names = [.. mine.Where(line => line.Contains('(', StringComparison.Ordinal)).Select(NameOf)];
        string[] missing = [.. File.ReadLines(list)
            .Where(line => line.Contains('(', StringComparison.Ordinal) && names.Contains(NameOf(line)))
            .Where(line => !declared.Contains(line) && !LeftOut.Any(part => line.Contains(part, StringComparison.Ordinal)))];

        Assert.Empty(missing);
    }

    /// <summary>Types and concepts that the binding does without.</summary>
    private static readonly string[] LeftOut =
    [
        "System.Numerics.Complex", "System.Half", "BFloat16", "System.ValueTuple`2<System.Single, System.Single>", "System.ValueTuple`2<System.Double, System.Double>",
        "new(System.IntPtr handle, System.IntPtr boxedHandle)", "System.Double imaginary", "System.Single imaginary", "flatten(System.Collections.Generic.IList`1<System.String>",
        "unflatten(System.String",
    ];

    private static string NameOf(string line) => line[..line.IndexOf('(', StringComparison.Ordinal)];

    private static string SharedFile(params string[] parts)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "CharLM.sln")))
        {
            folder = folder.Parent;
        }
        string path = folder?.Parent is null ? "" : Path.Combine([folder.Parent.FullName, "shared", .. parts]);
        Assert.SkipUnless(File.Exists(path), $"../shared/{string.Join('/', parts)} is absent");
        return path;
    }

    // --- one member a line, as the list has it

    private static bool IsVisible(Type type) =>
        type.Namespace is { } name && (name == "TorchSharp" || name.StartsWith("TorchSharp.", StringComparison.Ordinal)) &&
        (type.IsPublic || ((type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(type.DeclaringType!)));

    private static IEnumerable<string> Describe(Type type)
    {
        const BindingFlags declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        string owner = Name(type);
        yield return $"{owner} | type";
        if (type.IsEnum)
        {
            foreach (string value in Enum.GetNames(type))
            {
                yield return $"{owner} | {value} = {Convert.ToInt64(Enum.Parse(type, value), CultureInfo.InvariantCulture)}";
            }
            yield break;
        }
        foreach (ConstructorInfo constructor in type.GetConstructors(declared).Where(constructor => !constructor.IsStatic && IsSeen(constructor)))
        {
            yield return $"{owner} | new({Parameters(constructor)})";
        }
        foreach (FieldInfo field in type.GetFields(declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly))
        {
            yield return $"{owner} | {field.Name} -> {Name(field.FieldType)}";
        }
        foreach (MethodInfo method in type.GetMethods(declared).Where(IsSeen).Where(method => method.GetBaseDefinition().DeclaringType != typeof(object)))
        {
            string arity = method.IsGenericMethodDefinition ? $"`{method.GetGenericArguments().Length}" : "";
            yield return $"{owner} | {method.Name}{arity}({Parameters(method)}) -> {Name(method.ReturnType)}";
        }
    }

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter => $"{Name(parameter.ParameterType)} {parameter.Name}{Default(parameter)}"));

    private static string Default(ParameterInfo parameter)
    {
        if (!parameter.HasDefaultValue)
        {
            return "";
        }
        object? value = parameter.RawDefaultValue;
        return " = " + (value is null ? "null" : Convert.ToString(value is Enum ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : value, CultureInfo.InvariantCulture));
    }

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!) + "&";
        }
        if (type.IsPointer)
        {
            return Name(type.GetElementType()!) + "*";
        }
        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[" + new string(',', type.GetArrayRank() - 1) + "]";
        }
        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "!" : "!!") + type.GenericParameterPosition;
        }
        string name = (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName ?? type.Name;
        return type.IsGenericType ? name + "<" + string.Join(", ", type.GetGenericArguments().Select(Name)) + ">" : name;
    }
}
