using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers with a state of its own.</summary>
    public class Generator : IDisposable
    {
        private nint _handle;

        public Generator(ulong seed = 0, Device? device = null)
            : this(Native.st_generator_new(seed)) => this.device = InitializeDevice(device);

        private Generator(nint handle) => _handle = handle;

        ~Generator() => Dispose(false);

        /// <summary>The generator that draws wherever none is given.</summary>
        public static Generator Default => new(Native.st_generator_default());

        public nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Generator));

        public Device device { get; } = CPU;

        public Generator manual_seed(long seed)
        {
            Native.st_generator_set_seed(Handle, unchecked((ulong)seed));
            GC.KeepAlive(this);
            return this;
        }

        /// <summary>Seeds with a number that the system draws, and returns it.</summary>
        public long seed()
        {
            long seed = unchecked((long)Native.st_generator_seed(Handle));
            GC.KeepAlive(this);
            return seed;
        }

        public long initial_seed()
        {
            long seed = unchecked((long)Native.st_generator_initial_seed(Handle));
            GC.KeepAlive(this);
            return seed;
        }

        /// <summary>The whole state, to be given back to <see cref="set_state"/>.</summary>
        public Tensor get_state()
        {
            Tensor state = Tensor.Make(Native.st_generator_get_state(Handle));
            GC.KeepAlive(this);
            return state;
        }

        public void set_state(Tensor value)
        {
            int status = Native.st_generator_set_state(Handle, value.Handle);
            GC.KeepAlive(value);
            GC.KeepAlive(this);
            Native.Check(status);
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            nint handle = Interlocked.Exchange(ref _handle, 0);
            if (handle != 0)
            {
                Native.st_generator_delete(handle);
            }
        }

        internal static nint HandleOf(Generator? generator) => generator is null ? 0 : generator.Handle;
    }

    /// <summary>Seeds the default generator, and returns it.</summary>
    public static Generator manual_seed(long seed)
    {
        Native.Check(Native.st_manual_seed(seed));
        return Generator.Default;
    }

    public static long seed() => random.seed();

    public static long initial_seed() => random.initial_seed();

    public static Tensor get_rng_state() => random.get_rng_state();

    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);

    /// <summary>The state of the default generator.</summary>
    public static class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        public static long seed()
        {
            using Generator generator = Generator.Default;
            return generator.seed();
        }

        public static long initial_seed()
        {
            using Generator generator = Generator.Default;
            return generator.initial_seed();
        }

        public static Tensor get_rng_state()
        {
            using Generator generator = Generator.Default;
            return generator.get_state();
        }

        public static void set_rng_state(Tensor new_state)
        {
            using Generator generator = Generator.Default;
            generator.set_state(new_state);
        }
    }
}
