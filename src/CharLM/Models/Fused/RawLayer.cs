namespace CharLM.Models.Fused;

/// <summary>The four weights of a layer, as they lie in torch tensors.</summary>
internal sealed record RawLayer(RawWeight InputToGates, RawWeight HiddenToGates, RawWeight InputBias, RawWeight HiddenBias);
