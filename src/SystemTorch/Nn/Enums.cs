namespace TorchSharp;

/// <summary>How padding is filled.</summary>
public enum PaddingModes
{
    Zeros = 0,
    Reflect = 1,
    Replicate = 2,
    Circular = 3,
    Constant = 4,
}

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>What a loss makes of its elements.</summary>
        public enum Reduction : long
        {
            None = 0,
            Mean = 1,
            Sum = 2,
        }

        /// <summary>The function of a plain recurrent layer.</summary>
        public enum NonLinearities : long
        {
            ReLU = 0,
            Tanh = 1,
        }
    }
}
