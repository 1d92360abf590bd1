using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Configuration;

/// <summary>
/// Reads a YAML file as data: bounded in size and depth, without aliases, which could expand a small text into a huge one.
/// </summary>
internal static class YamlText
{
    private const int MaxCharacters = 1 << 20;
    private const int MaxDepth = 16;

    /// <summary>Reads the mapping of a file; an empty file is an empty mapping.</summary>
    /// <exception cref="ConfigFileException">The file is missing, too large, or not a YAML mapping.</exception>
    public static YamlMappingNode Load(string path)
    {
        try
        {
            using var reader = new StreamReader(SharedFile.OpenRead(path));
            var buffer = new char[MaxCharacters + 1];
            int length = reader.ReadBlock(buffer);
            if (length > MaxCharacters)
                throw new ConfigFileException(path, null, $"is larger than {MaxCharacters} characters");
            return Parse(new string(buffer, 0, length), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigFileException(path, null, "there is no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigFileException(path, null, Directory.Exists(path) ? "is a folder, not a file" : e.Message, e);
        }
    }

    /// <summary>Parses the mapping of a text.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="path">What to call it in errors.</param>
    /// <exception cref="ConfigFileException">The text is not a YAML mapping.</exception>
    public static YamlMappingNode Parse(string text, string path)
    {
        try
        {
            CheckShape(text, path);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents switch
            {
                [] => new YamlMappingNode(),
                [{ RootNode: YamlMappingNode root }] => root,
                [{ RootNode: YamlScalarNode { Value: null or "" } }] => new YamlMappingNode(),
                [{ RootNode: var other }] => throw new ConfigFileException(path, other.Start.Line, "holds no keys with values"),
                _ => throw new ConfigFileException(path, null, "holds more than one document"),
            };
        }
        catch (Exception e) when (
            e is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException or OverflowException)
        {
            // The parser's own bugs on invalid YAML; their messages are meaningless.
            throw new ConfigFileException(path, null, "is not YAML", e);
        }
        catch (YamlException e)
        {
            throw new ConfigFileException(path, e.Start.Line, $"is not YAML: {(e.InnerException ?? e).Message}", e);
        }
    }

    // Loading is recursive, this check is not.
    private static void CheckShape(string text, string path)
    {
        var parser = new Parser(new StringReader(text));
        int depth = 0;
        while (parser.MoveNext())
        {
            switch (parser.Current)
            {
                case MappingStart or SequenceStart when ++depth > MaxDepth:
                    throw new ConfigFileException(path, parser.Current.Start.Line, $"is nested deeper than {MaxDepth} levels");
                case MappingEnd or SequenceEnd:
                    depth--;
                    break;
                case AnchorAlias:
                    throw new ConfigFileException(path, parser.Current.Start.Line, "uses an alias; write the value out");
            }
        }
    }
}

/// <summary>A configuration file that cannot be used; the message begins with the file and the line.</summary>
public sealed class ConfigFileException : Exception
{
    /// <summary>An error in a configuration file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="line">The line, from 1; null for the file as a whole.</param>
    /// <param name="problem">The problem.</param>
    /// <param name="inner">The cause.</param>
    public ConfigFileException(string path, long? line, string problem, Exception? inner = null)
        : base(line is null ? $"{path}: {problem}" : $"{path}:{line}: {problem}", inner)
    {
        (Path, Line) = (path, line);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line, from 1.</summary>
    public long? Line { get; }
}
