using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models;

/// <summary>The output layer: logits = H W^T + b, with a weight of its own or the tokens' vectors as weight.</summary>
internal sealed class OutputLayer : Module
{
    private readonly bool _tied;

    /// <summary>A layer with torch.nn.Linear's initial values.</summary>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    /// <param name="tied">Whether the weight is the tokens' vectors, which stay the embedding's.</param>
    public OutputLayer(int inputSize, int vocabSize, bool tied)
        : base("linear")
    {
        _tied = tied;
        double bound = 1 / Math.Sqrt(inputSize);
        if (!tied)
            register_parameter("weight", new Parameter(init.uniform_(empty(vocabSize, inputSize), -bound, bound)));
        register_parameter("bias", new Parameter(init.uniform_(empty(vocabSize), -bound, bound)));
    }

    /// <summary>[vocab].</summary>
    public Parameter Bias => get_parameter("bias")!;

    /// <summary>The logits.</summary>
    /// <param name="input">[rows, input].</param>
    /// <param name="vectors">The tokens' vectors [vocab, input]; used when the layer is tied.</param>
    /// <returns>[rows, vocab].</returns>
    public Tensor Forward(Tensor input, Tensor? vectors) => functional.linear(input, _tied ? vectors! : get_parameter("weight")!, Bias);
}
