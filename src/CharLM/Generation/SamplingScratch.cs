namespace CharLM.Generation;

/// <summary>Working memory of samplers that take turns; grows once to the size of the vocab.</summary>
internal sealed class SamplingScratch
{
    private readonly TokenRanking _ranking = new();
    private float[] _weights = [];

    /// <summary>One value a token.</summary>
    public Span<float> Weights(int tokens)
    {
        if (_weights.Length < tokens)
            _weights = new float[tokens];
        return _weights.AsSpan(0, tokens);
    }

    /// <summary>The tokens from the most probable on; holds until the next call.</summary>
    public TokenRanking Rank(ReadOnlySpan<float> logits)
    {
        _ranking.Load(logits);
        return _ranking;
    }
}
