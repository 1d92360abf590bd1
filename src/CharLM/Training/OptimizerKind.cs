using System.Text.Json.Serialization;

namespace CharLM.Training;

/// <summary>How gradients change the weights.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum OptimizerKind
{
    /// <summary>
    /// Stochastic gradient descent: written out in <see cref="ScratchSgd"/> for custom models, torch.optim's for others.
    /// </summary>
    Sgd,

    /// <summary>Adam (Kingma and Ba 2015), torch.optim's.</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), torch.optim's.</summary>
    [JsonStringEnumMemberName("adamw")]
    AdamW,

    /// <summary>RMSProp (Hinton 2012), torch.optim's.</summary>
    [JsonStringEnumMemberName("rmsprop")]
    RmsProp,
}
