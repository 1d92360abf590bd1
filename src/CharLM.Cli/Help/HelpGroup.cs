using System.CommandLine;
using System.Runtime.CompilerServices;

namespace CharLM.Cli.Help;

/// <summary>What an option is about; help shows one group after the other, in this order.</summary>
internal enum HelpGroup
{
    /// <summary>The verb's own.</summary>
    Options,

    /// <summary>Which text, and how it is read.</summary>
    Text,

    /// <summary>What the model is made of.</summary>
    Model,

    /// <summary>How it is trained.</summary>
    Training,

    /// <summary>What is written where, and how often.</summary>
    Output,

    /// <summary>What computes it.</summary>
    Machine,

    /// <summary>What hardly anybody needs.</summary>
    Rare,
}

/// <summary>Puts options into groups.</summary>
internal static class HelpGroups
{
    private static readonly ConditionalWeakTable<Option, StrongBox<HelpGroup>> Groups = [];

    /// <summary>Adds options to a verb, in a group.</summary>
    public static void Add(this Command command, HelpGroup group, params IEnumerable<Option> options)
    {
        foreach (Option option in options)
        {
            if (!Groups.TryGetValue(option, out _))
                option.In(group);
            command.Add(option);
        }
    }

    /// <summary>Puts one option into another group than those beside it.</summary>
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
