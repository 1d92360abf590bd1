using CharLM.Models;

namespace CharLM.Pairs;

/// <summary>What a model that learns from pairs is made of.</summary>
public interface ISequenceConfig
{
    /// <summary>What checkpoints and configurations call the kind of model.</summary>
    static abstract string Kind { get; }

    /// <summary>The recurrent layers.</summary>
    ModelConfig Model { get; }

    /// <summary>What, in words, depends on how many epochs there are in all; null for nothing.</summary>
    string? WhatSpansAllEpochs => null;

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    IEnumerable<string> Faults();
}
