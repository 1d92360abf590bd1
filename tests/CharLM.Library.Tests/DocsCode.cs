using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CharLM.Library.Tests;

/// <summary>A block of C# in a page of the docs.</summary>
/// <param name="Page">The page.</param>
/// <param name="Line">The line of its fence, from 1.</param>
/// <param name="Runs">Whether the page says that it runs: <c>```csharp run</c>.</param>
/// <param name="Code">The code.</param>
/// <param name="Output">What the page says that it prints: a block <c>```text</c> behind it; null without one.</param>
internal sealed record DocsBlock(string Page, int Line, bool Runs, string Code, string? Output)
{
    private const string Fence = "```csharp";

    /// <summary>Whether it declares types alone, and is no program.</summary>
    public bool IsDeclaration => !Tree.GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>().Any();

    /// <summary>The code, parsed.</summary>
    public SyntaxTree Tree { get; } = CSharpSyntaxTree.ParseText(
        Code, new CSharpParseOptions(LanguageVersion.Preview), path: $"{Page}:{Line}", encoding: Encoding.UTF8);

    /// <summary>Every block of the README and of docs/.</summary>
    public static IReadOnlyList<DocsBlock> All { get; } =
    [
        .. new[] { Repository.File("README.md") }.Concat(Directory.GetFiles(Repository.File("docs"), "*.md").Order(StringComparer.Ordinal))
            .SelectMany(Of),
    ];

    public override string ToString() => $"{Page}:{Line}";

    private static IEnumerable<DocsBlock> Of(string path)
    {
        string page = Path.GetRelativePath(Repository.Root, path);
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal))
                continue;
            int end = Array.IndexOf(lines, "```", i);
            string? output = lines[Math.Min(end + 2, lines.Length - 1)] == "```text"
                ? string.Join('\n', lines[(end + 3)..Array.IndexOf(lines, "```", end + 3)]) : null;
            yield return new DocsBlock(page, i + 1, lines[i] == $"{Fence} run", string.Join('\n', lines[(i + 1)..end]), output);
            i = end;
        }
    }
}

/// <summary>Compiles what the docs show, as a project with implicit usings does.</summary>
internal static class DocsCode
{
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.Extensions.DependencyInjection;
        """;

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => file.EndsWith(".dll", StringComparison.Ordinal)).Select(file => MetadataReference.CreateFromFile(file)),
    ];

    /// <summary>All types that the docs declare, with a program if one is given.</summary>
    public static Assembly Compile(DocsBlock? program = null)
    {
        IEnumerable<SyntaxTree> trees =
        [
            CSharpSyntaxTree.ParseText(Usings, new CSharpParseOptions(LanguageVersion.Preview), encoding: Encoding.UTF8),
            .. DocsBlock.All.Where(block => block.IsDeclaration).Select(block => block.Tree),
            .. program is null ? Array.Empty<SyntaxTree>() : [program.Tree],
        ];
        var compilation = CSharpCompilation.Create(
            $"Docs{Guid.NewGuid():N}", trees, References, new CSharpCompilationOptions(
                program is null ? OutputKind.DynamicallyLinkedLibrary : OutputKind.ConsoleApplication,
                nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(one => one.Severity == DiagnosticSeverity.Error)));
        image.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(image);
    }

    /// <summary>Runs a program of the docs in a folder.</summary>
    /// <returns>What it writes.</returns>
    public static async Task<string> RunAsync(DocsBlock program, string folder)
    {
        MethodInfo entry = Compile(program).EntryPoint!;
        (string before, TextWriter output) = (Directory.GetCurrentDirectory(), Console.Out);
        using var written = new StringWriter();
        try
        {
            Directory.SetCurrentDirectory(folder);
            Console.SetOut(written);
            object? ended = await Task.Run(() => entry.Invoke(null, entry.GetParameters().Length == 0 ? [] : [Array.Empty<string>()]));
            if (ended is Task task)
                await task;
        }
        finally
        {
            Console.SetOut(output);
            Directory.SetCurrentDirectory(before);
        }
        return written.ToString();
    }
}
