using System.CommandLine;
using System.Runtime.CompilerServices;

namespace CharLM.Cli.Help;

/// <summary>The topic of an option; help shows the groups in this order.</summary>
internal enum HelpGroup
{
    /// <summary>The verb's own options.</summary>
    Options,

    /// <summary>The text and how to read it.</summary>
    Text,

    /// <summary>The model.</summary>
    Model,

    /// <summary>The training.</summary>
    Training,

    /// <summary>Output files, and how often to write them.</summary>
    Output,

    /// <summary>Device and threads.</summary>
    Machine,

    /// <summary>Rarely needed options.</summary>
    Rare,
}

/// <summary>Assigns options to groups.</summary>
internal static class HelpGroups
{
    private static readonly ConditionalWeakTable<Option, StrongBox<HelpGroup>> Groups = [];

    /// <summary>Adds options to a verb and to a group, unless they already have one.</summary>
    public static void Add(this Command command, HelpGroup group, params IEnumerable<Option> options)
    {
        foreach (Option option in options)
        {
            if (!Groups.TryGetValue(option, out _))
                option.In(group);
            command.Add(option);
        }
    }

    /// <summary>Assigns one option to a group.</summary>
    public static TOption In<TOption>(this TOption option, HelpGroup group)
        where TOption : Option
    {
        Groups.AddOrUpdate(option, new StrongBox<HelpGroup>(group));
        return option;
    }

    /// <summary>An option's group.</summary>
    public static HelpGroup GroupOf(Option option) =>
        Groups.TryGetValue(option, out StrongBox<HelpGroup>? group) ? group.Value : HelpGroup.Options;
}
