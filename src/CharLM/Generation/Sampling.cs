namespace CharLM.Generation;

/// <summary>How the next token is chosen from the model's logits.</summary>
public abstract record Sampling
{
    private Sampling()
    {
    }

    /// <summary>The choice for a temperature: greedy at 0, else a draw.</summary>
    /// <exception cref="InvalidConfigException">The temperature is negative or not finite.</exception>
    public static Sampling AtTemperature(double temperature)
    {
        if (!(temperature >= 0 && double.IsFinite(temperature)))
            throw new InvalidConfigException([$"temperature must be 0 (greedy) or above and finite, not {temperature}"]);
        return temperature == 0 ? new Greedy() : new Temperature(temperature);
    }

    /// <summary>The most probable token, always: Dive into Deep Learning's prediction.</summary>
    public sealed record Greedy : Sampling;

    /// <summary>A draw from softmax(logits / value).</summary>
    /// <param name="Value">Above 0; 1 is the model's own distribution, lower is bolder, higher is wilder.</param>
    public sealed record Temperature(double Value) : Sampling;
}
