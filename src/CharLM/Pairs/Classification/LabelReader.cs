using CharLM.Batching;
using CharLM.Models;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Pairs.Classification;

/// <summary>Labels texts with a trained classifier.</summary>
/// <remarks>Thread safety: any number of threads, even with one model.</remarks>
/// <param name="model">The model; in evaluation mode while it reads.</param>
/// <param name="vocab">Its vocab.</param>
internal sealed class LabelReader(Classifier model, ClassifierVocab vocab)
{
    /// <summary>Labels texts.</summary>
    /// <param name="texts">The texts, each of one character or more.</param>
    /// <returns>For each text its labels: one, or one per character.</returns>
    public IReadOnlyList<IReadOnlyList<Labelled>> Read(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using ModelAccess.Evaluation evaluation = model.Access.Evaluate();
        using ModelAccess.Lease reading = model.Access.Read(evaluating: true);
        var batch = new PaddedBatch([.. texts.Select(text => new ReadOnlyMemory<int>(vocab.EncodeText(text)))]);
        Tensor probabilities = model.Compute(batch).softmax(-1);
        if (probabilities.dim() == 2)
            probabilities = probabilities.unsqueeze(0);                            // one step
        (Tensor greatest, Tensor labels) = probabilities.max(-1);                  // [steps, batch]
        using TensorAccessor<float> values = greatest.cpu().to_type(ScalarType.Float32).contiguous().data<float>();
        using TensorAccessor<long> ids = labels.cpu().contiguous().data<long>();
        float[] flatValues = values.ToArray();
        long[] flatIds = ids.ToArray();
        var results = new IReadOnlyList<Labelled>[texts.Count];
        for (int row = 0; row < results.Length; row++)
        {
            long steps = model.Config.LabelOf == LabelOf.Character ? batch.Lengths[row] : 1;
            var ofText = new Labelled[steps];
            for (int step = 0; step < steps; step++)
                ofText[step] = new Labelled((int)flatIds[(step * results.Length) + row], flatValues[(step * results.Length) + row]);
            results[row] = ofText;
        }
        return results;
    }
}
