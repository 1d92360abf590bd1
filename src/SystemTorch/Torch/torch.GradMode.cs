using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>No gradients are recorded until the result is disposed.</summary>
    public static IDisposable no_grad() => new GradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    public static bool is_grad_enabled() => Native.st_is_grad_enabled();

    /// <summary>Neither gradients nor versions are recorded until the result is disposed.</summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    public static bool is_inference_mode_enabled() => Native.st_is_inference_mode();

    private sealed class GradMode : IDisposable
    {
        private readonly bool _before = Native.st_is_grad_enabled();

        internal GradMode(bool enabled) => Native.st_set_grad_enabled(enabled);

        public void Dispose() => Native.st_set_grad_enabled(_before);
    }

    private sealed unsafe class InferenceMode(bool enabled) : IDisposable
    {
        private void* _guard = Native.st_inference_mode_enter(enabled);

        public void Dispose()
        {
            if (_guard is not null)
            {
                Native.st_inference_mode_leave(_guard);
                _guard = null;
            }
        }
    }
}
