namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>First values of parameters: each fills the tensor in place, unrecorded, and returns it.</summary>
        public static class init
        {
            public enum FanInOut
            {
                FanIn = 0,
                FanOut = 1,
            }

            public enum NonlinearityType
            {
                Linear = 0,
                Conv1D = 1,
                Conv2D = 2,
                Conv3D = 3,
                ConvTranspose1D = 4,
                ConvTranspose2D = 5,
                ConvTranspose3D = 6,
                Sigmoid = 7,
                Tanh = 8,
                ReLU = 9,
                LeakyReLU = 10,
            }

            /// <summary>The factor that keeps the variance across a nonlinearity.</summary>
            public static double calculate_gain(NonlinearityType nonlinearity, double param = 0) => nonlinearity switch
            {
                NonlinearityType.Tanh => 5.0 / 3.0,
                NonlinearityType.ReLU => Math.Sqrt(2),
                NonlinearityType.LeakyReLU => Math.Sqrt(2 / (1 + (param * param))),
                _ => 1,
            };

            /// <summary>The inputs and outputs of one unit of a weight [out, in, ...].</summary>
            public static (long fanIn, long fanOut) CalculateFanInAndFanOut(Tensor tensor)
            {
                long[] shape = tensor.shape;
                if (shape.Length < 2)
                {
                    throw new ArgumentException("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
                }
                long field = shape.AsSpan(2).ToArray().TotalSize();
                return (shape[1] * field, shape[0] * field);
            }

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator? generator = null) =>
                Unrecorded(tensor, t => t.uniform_(low, high, generator));

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator? generator = null) =>
                Unrecorded(tensor, t => t.normal_(mean, std, generator));

            public static Tensor constant_(Tensor tensor, Scalar val) => Unrecorded(tensor, t => t.fill_(val));

            public static Tensor ones_(Tensor tensor) => constant_(tensor, 1);

            public static Tensor zeros_(Tensor tensor) => constant_(tensor, 0);

            public static Tensor eye_(Tensor tensor)
            {
                Require(tensor.ndim == 2, "eye_ only supports tensors with 2 dimensions");
                return Unrecorded(tensor, t =>
                {
                    using Tensor identity = eye(t.shape[0], t.shape[1], t.dtype, t.device);
                    t.copy_(identity);
                });
            }

            /// <summary>The identity for as many channels as there are, at the centre of the kernel of a convolution.</summary>
            public static Tensor dirac_(Tensor tensor)
            {
                Require(tensor.ndim is 3 or 4 or 5, "Only tensors with 3, 4, or 5 dimensions are supported");
                return Unrecorded(tensor, t =>
                {
                    t.zero_();
                    long[] place = Array.ConvertAll(t.shape, size => size / 2);
                    for (long channel = 0; channel < Math.Min(t.shape[0], t.shape[1]); channel++)
                    {
                        (place[0], place[1]) = (channel, channel);
                        t[place] = 1;
                    }
                });
            }

            public static Tensor xavier_uniform_(Tensor tensor, double gain = 1)
            {
                double bound = Math.Sqrt(3) * GlorotDeviation(tensor, gain);
                return uniform_(tensor, -bound, bound);
            }

            public static Tensor xavier_normal_(Tensor tensor, double gain = 1) => normal_(tensor, 0, GlorotDeviation(tensor, gain));

            public static Tensor glorot_uniform_(Tensor tensor, double gain = 1) => xavier_uniform_(tensor, gain);

            public static Tensor glorot_normal_(Tensor tensor, double gain = 1) => xavier_normal_(tensor, gain);

            public static Tensor kaiming_uniform_(
                Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU)
            {
                double bound = Math.Sqrt(3) * KaimingDeviation(tensor, a, mode, nonlinearity);
                return uniform_(tensor, -bound, bound);
            }

            public static Tensor kaiming_normal_(
                Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU) =>
                normal_(tensor, 0, KaimingDeviation(tensor, a, mode, nonlinearity));

            /// <summary>Normal numbers between a and b, by the inverse of the distribution function as PyTorch draws them.</summary>
            public static Tensor trunc_normal_(
                Tensor tensor, double mean = 0, double std = 1, double a = -2, double b = 2, Generator? generator = null) =>
                Unrecorded(tensor, t =>
                {
                    double low = Cumulative((a - mean) / std), high = Cumulative((b - mean) / std);
                    t.uniform_((2 * low) - 1, (2 * high) - 1, generator);
                    t.erfinv_();
                    t.mul_(std * Math.Sqrt(2)).add_(mean).clamp_(a, b);
                });

            /// <summary>Orthogonal rows or columns, from the QR decomposition of normal numbers.</summary>
            public static unsafe Tensor orthogonal_(Tensor tensor, double gain = 1)
            {
                Require(tensor.ndim >= 2, "Only tensors with 2 or more dimensions are supported");
                return Unrecorded(tensor, t =>
                {
                    long rows = t.shape[0], columns = t.numel() / rows;
                    Tensor flat = empty(rows, columns, t.dtype, t.device).normal_(0, 1);
                    if (rows < columns)
                    {
                        flat = flat.t();
                    }
                    nint* results = stackalloc nint[2];
                    flat.Done(Interop.Native.st_qr(flat.Handle, results));
                    Tensor q = new(results[0]), r = new(results[1]);
                    // The signs of the diagonal make the draw uniform over all orthogonal matrices.
                    q.mul_(r.diagonal().sign());
                    t.view_as(q = rows < columns ? q.t() : q).copy_(q);
                    t.mul_(gain);
                });
            }

            /// <summary>Normal numbers, with a share of zeros in every column.</summary>
            public static Tensor sparse_(Tensor tensor, double sparsity, double std = 0.01)
            {
                Require(tensor.ndim == 2, "Only tensors with 2 dimensions are supported");
                return Unrecorded(tensor, t =>
                {
                    long rows = t.shape[0], zeros = (long)Math.Ceiling(sparsity * rows);
                    t.normal_(0, std);
                    for (long column = 0; column < t.shape[1]; column++)
                    {
                        t.select(1, column).index_fill_(0, randperm(rows).narrow(0, 0, zeros), 0);
                    }
                });
            }

            private static double GlorotDeviation(Tensor tensor, double gain)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                return gain * Math.Sqrt(2.0 / (fanIn + fanOut));
            }

            private static double KaimingDeviation(Tensor tensor, double a, FanInOut mode, NonlinearityType nonlinearity)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                return calculate_gain(nonlinearity, a) / Math.Sqrt(mode == FanInOut.FanIn ? fanIn : fanOut);
            }

            /// <summary>The distribution function of the standard normal distribution, exact to libtorch's erf.</summary>
            private static double Cumulative(double x)
            {
                using Tensor argument = tensor(x / Math.Sqrt(2));
                using Tensor error = argument.erf();
                return (1 + error.item<double>()) / 2;
            }

            private static void Require(bool condition, string message)
            {
                if (!condition)
                {
                    throw new ArgumentException(message);
                }
            }

            /// <summary>Fills without recording, in a scope that keeps no intermediate result.</summary>
            private static Tensor Unrecorded(Tensor tensor, Action<Tensor> fill)
            {
                using (no_grad())
                using (NewDisposeScope())
                {
                    fill(tensor);
                }
                return tensor;
            }
        }
    }
}
