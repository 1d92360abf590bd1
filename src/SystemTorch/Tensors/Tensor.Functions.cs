using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Functions of one tensor, element by element. A name with an underscore changes the tensor itself.
    public partial class Tensor
    {
        public Tensor abs() => Make(Native.st_abs(Handle), this);

        public Tensor abs_() => Done(Native.st_abs_(Handle));

        public Tensor absolute() => abs();

        public Tensor absolute_() => abs_();

        public Tensor neg() => Make(Native.st_neg(Handle), this);

        public Tensor neg_() => Done(Native.st_neg_(Handle));

        public Tensor negative() => neg();

        public Tensor positive() => alias();

        public Tensor exp() => Make(Native.st_exp(Handle), this);

        public Tensor exp_() => Done(Native.st_exp_(Handle));

        public Tensor expm1() => Make(Native.st_expm1(Handle), this);

        public Tensor expm1_() => Done(Native.st_expm1_(Handle));

        public Tensor log() => Make(Native.st_log(Handle), this);

        public Tensor log_() => Done(Native.st_log_(Handle));

        public Tensor log1p() => Make(Native.st_log1p(Handle), this);

        public Tensor log1p_() => Done(Native.st_log1p_(Handle));

        public Tensor log2() => Make(Native.st_log2(Handle), this);

        public Tensor log2_() => Done(Native.st_log2_(Handle));

        public Tensor log10() => Make(Native.st_log10(Handle), this);

        public Tensor log10_() => Done(Native.st_log10_(Handle));

        public Tensor sqrt() => Make(Native.st_sqrt(Handle), this);

        public Tensor sqrt_() => Done(Native.st_sqrt_(Handle));

        public Tensor rsqrt() => Make(Native.st_rsqrt(Handle), this);

        public Tensor rsqrt_() => Done(Native.st_rsqrt_(Handle));

        public Tensor reciprocal() => Make(Native.st_reciprocal(Handle), this);

        public Tensor reciprocal_() => Done(Native.st_reciprocal_(Handle));

        public Tensor sign() => Make(Native.st_sign(Handle), this);

        public Tensor sign_() => Done(Native.st_sign_(Handle));

        public Tensor sin() => Make(Native.st_sin(Handle), this);

        public Tensor sin_() => Done(Native.st_sin_(Handle));

        public Tensor cos() => Make(Native.st_cos(Handle), this);

        public Tensor cos_() => Done(Native.st_cos_(Handle));

        public Tensor tan() => Make(Native.st_tan(Handle), this);

        public Tensor tan_() => Done(Native.st_tan_(Handle));

        public Tensor sinh() => Make(Native.st_sinh(Handle), this);

        public Tensor sinh_() => Done(Native.st_sinh_(Handle));

        public Tensor cosh() => Make(Native.st_cosh(Handle), this);

        public Tensor cosh_() => Done(Native.st_cosh_(Handle));

        public Tensor asin() => Make(Native.st_asin(Handle), this);

        public Tensor asin_() => Done(Native.st_asin_(Handle));

        public Tensor acos() => Make(Native.st_acos(Handle), this);

        public Tensor acos_() => Done(Native.st_acos_(Handle));

        public Tensor atan() => Make(Native.st_atan(Handle), this);

        public Tensor atan_() => Done(Native.st_atan_(Handle));

        public Tensor tanh() => Make(Native.st_tanh(Handle), this);

        public Tensor tanh_() => Done(Native.st_tanh_(Handle));

        public Tensor sigmoid() => Make(Native.st_sigmoid(Handle), this);

        public Tensor sigmoid_() => Done(Native.st_sigmoid_(Handle));

        public Tensor erf() => Make(Native.st_erf(Handle), this);

        public Tensor erf_() => Done(Native.st_erf_(Handle));

        public Tensor erfc() => Make(Native.st_erfc(Handle), this);

        public Tensor erfc_() => Done(Native.st_erfc_(Handle));

        public Tensor erfinv() => Make(Native.st_erfinv(Handle), this);

        public Tensor erfinv_() => Done(Native.st_erfinv_(Handle));

        public Tensor floor() => Make(Native.st_floor(Handle), this);

        public Tensor floor_() => Done(Native.st_floor_(Handle));

        public Tensor ceil() => Make(Native.st_ceil(Handle), this);

        public Tensor ceil_() => Done(Native.st_ceil_(Handle));

        public Tensor trunc() => Make(Native.st_trunc(Handle), this);

        public Tensor trunc_() => Done(Native.st_trunc_(Handle));

        public Tensor frac() => Make(Native.st_frac(Handle), this);

        public Tensor frac_() => Done(Native.st_frac_(Handle));

        public Tensor relu() => Make(Native.st_relu(Handle), this);

        public Tensor relu_() => Done(Native.st_relu_(Handle));

        public Tensor silu() => Make(Native.st_silu(Handle), this);

        public Tensor silu_() => Done(Native.st_silu_(Handle));

        public Tensor gelu() => Make(Native.st_gelu(Handle), this);

        public Tensor gelu_() => Done(Native.st_gelu_(Handle));

        public Tensor bitwise_not() => Make(Native.st_bitwise_not(Handle), this);

        public Tensor bitwise_not_() => Done(Native.st_bitwise_not_(Handle));

        public Tensor logical_not() => Make(Native.st_logical_not(Handle), this);

        public Tensor logical_not_() => Done(Native.st_logical_not_(Handle));

        public Tensor exp2() => Make(Native.st_exp2(Handle), this);

        public Tensor square() => Make(Native.st_square(Handle), this);

        public Tensor isnan() => Make(Native.st_isnan(Handle), this);

        public Tensor isinf() => Make(Native.st_isinf(Handle), this);

        public Tensor isfinite() => Make(Native.st_isfinite(Handle), this);

        public Tensor log_sigmoid() => Make(Native.st_log_sigmoid(Handle), this);

        public Tensor round(long decimals = 0) => Make(Native.st_round(Handle, decimals), this);

        public Tensor round_(long decimals = 0) => Done(Native.st_round_(Handle, decimals));

        public Tensor softmax(long dim, ScalarType? dtype = null) => Make(Native.st_softmax(Handle, dim, Code(dtype)), this);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Make(Native.st_log_softmax(Handle, dim, Code(dtype)), this);

        /// <summary>libtorch's number of an element type that may be absent.</summary>
        private static int Code(ScalarType? type) => type is { } present ? (int)present : -1;
    }
}
