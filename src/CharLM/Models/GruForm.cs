namespace CharLM.Models;

/// <summary>Where a GRU's reset gate acts. The two are different models: weights of one do not fit the other.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum GruForm
{
    /// <summary>
    /// On the hidden state, before the product: <c>tanh(W_in x + b_in + W_hn (r * h) + b_hn)</c>. Cho et al. 2014, and
    /// the Dive into Deep Learning books.
    /// </summary>
    ResetBefore,

    /// <summary>
    /// On the product: <c>tanh(W_in x + b_in + r * (W_hn h + b_hn))</c>. PyTorch and cuDNN, so that weights move over.
    /// </summary>
    ResetAfter,
}
