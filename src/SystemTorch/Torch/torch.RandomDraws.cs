using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Whole numbers, permutations and other draws.

    /// <summary>Whole numbers from 0 up to, but without, high.</summary>
    public static Tensor randint(
        long high, Size size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        DrawIntegers(0, high, size.Shape, dtype, device, requires_grad, generator);

    public static Tensor randint(
        long low, long high, Size size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        DrawIntegers(low, high, size.Shape, dtype, device, requires_grad, generator);

    public static Tensor randint(
        long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        DrawIntegers(0, high, size, dtype, device, requires_grad, generator);

    public static Tensor randint(
        long low, long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        DrawIntegers(low, high, size, dtype, device, requires_grad, generator);

    public static Tensor randint(
        int high, int[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null,
        string[]? names = null) =>
        DrawIntegers(0, high, new Size(size).Shape, dtype, device, requires_grad, generator);

    public static Tensor randint(
        int low, int high, int[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        DrawIntegers(low, high, new Size(size).Shape, dtype, device, requires_grad, generator);

    /// <summary>The numbers from 0 up to, but without, n, in random order.</summary>
    public static Tensor randperm(long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null)
    {
        Tensor result = Tensor.Make(Native.st_randperm(n, Generator.HandleOf(generator), Options.New(dtype ?? ScalarType.Int64, device, requires_grad)));
        GC.KeepAlive(generator);
        return result;
    }

    public static Tensor randperm(long n, Tensor @out, Generator? generator = null)
    {
        using Tensor drawn = randperm(n, @out.dtype, @out.device, generator: generator);
        return @out.copy_(drawn);
    }

    /// <summary>Normal numbers, each with its own mean and standard deviation.</summary>
    public static Tensor normal(Tensor mean, Tensor std, Generator? generator = null)
    {
        Tensor result = Tensor.Make(Native.st_normal(mean.Handle, std.Handle, Generator.HandleOf(generator)), mean, std);
        GC.KeepAlive(generator);
        return result;
    }

    public static Tensor normal(
        double mean, double std, ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        empty(size, dtype, device).normal_(mean, std, generator).requires_grad_(requires_grad);

    public static Tensor bernoulli(Tensor input, Generator? generator = null) => input.bernoulli(generator);

    public static Tensor multinomial(Tensor input, long num_samples, bool replacement = false, Generator? generator = null) =>
        input.multinomial(num_samples, replacement, generator);

    public static double rand_float(Generator? generator = null)
    {
        using Tensor drawn = rand(1, generator: generator);
        return drawn.ToDouble();
    }

    public static double randn_float(Generator? generator = null)
    {
        using Tensor drawn = randn(1, generator: generator);
        return drawn.ToDouble();
    }

    public static bool randint_bool(Generator? generator = null) => randint_int(2, generator) == 1;

    public static int randint_int(int high, Generator? generator = null) => (int)randint_long(0, high, generator);

    public static int randint_int(int low, int high, Generator? generator = null) => (int)randint_long(low, high, generator);

    public static long randint_long(long high, Generator? generator = null) => randint_long(0, high, generator);

    public static long randint_long(long low, long high, Generator? generator = null)
    {
        using Tensor drawn = DrawIntegers(low, high, [1], ScalarType.Int64, null, false, generator);
        return drawn.item<long>();
    }

    private static unsafe Tensor DrawIntegers(
        long low, long high, ReadOnlySpan<long> size, ScalarType? dtype, Device? device, bool requiresGrad, Generator? generator)
    {
        fixed (long* p = size)
        {
            Tensor result = Tensor.Make(Native.st_randint(
                low, high, p, size.Length, Generator.HandleOf(generator), Options.New(dtype ?? ScalarType.Int64, device, requiresGrad)));
            GC.KeepAlive(generator);
            return result;
        }
    }
}
