using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Random numbers into this tensor, or drawn by it.
    public partial class Tensor
    {
        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null) =>
            Drawn(Native.st_normal_(Handle, mean, std, Generator.HandleOf(generator)), generator);

        public Tensor uniform_(double from, double to, Generator? generator = null) =>
            Drawn(Native.st_uniform_(Handle, from, to, Generator.HandleOf(generator)), generator);

        /// <summary>Whole numbers from <paramref name="from"/> up to, but without, <paramref name="to"/>.</summary>
        public Tensor random_(double from, double to, Generator? generator = null) =>
            Drawn(Native.st_random_(Handle, (long)from, (long)to, Generator.HandleOf(generator)), generator);

        public Tensor exponential_(double lambda = 1, Generator? generator = null) =>
            Drawn(Native.st_exponential_(Handle, lambda, Generator.HandleOf(generator)), generator);

        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) =>
            Drawn(Native.st_bernoulli_p_(Handle, p, Generator.HandleOf(generator)), generator);

        public Tensor bernoulli_(Tensor p, Generator? generator = null) =>
            Drawn(Native.st_bernoulli_(Handle, p.Handle, Generator.HandleOf(generator)), generator, p);

        /// <summary>One draw for each probability.</summary>
        public Tensor bernoulli(Generator? generator = null)
        {
            Tensor result = Make(Native.st_bernoulli(Handle, Generator.HandleOf(generator)), this);
            GC.KeepAlive(generator);
            return result;
        }

        /// <summary>Indices drawn by weight, for each row.</summary>
        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null)
        {
            Tensor result = Make(Native.st_multinomial(Handle, num_samples, replacement, Generator.HandleOf(generator)), this);
            GC.KeepAlive(generator);
            return result;
        }

        private Tensor Drawn(int status, Generator? generator, Tensor? operand = null)
        {
            GC.KeepAlive(generator);
            return Done(status, operand);
        }
    }
}
