using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Comparison and logic; the results are tensors of bool.
    public partial class Tensor
    {
        public Tensor eq(Tensor target) => Make(Native.st_eq(Handle, target.Handle), this, target);

        public Tensor eq(Scalar target) => Make(Native.st_eq_number(Handle, target.Number), this);

        public Tensor eq_(Tensor target) => Done(Native.st_eq_(Handle, target.Handle), target);

        public Tensor eq_(Scalar target) => Done(Native.st_eq__number(Handle, target.Number));

        public Tensor ne(Tensor target) => Make(Native.st_ne(Handle, target.Handle), this, target);

        public Tensor ne(Scalar target) => Make(Native.st_ne_number(Handle, target.Number), this);

        public Tensor ne_(Tensor target) => Done(Native.st_ne_(Handle, target.Handle), target);

        public Tensor ne_(Scalar target) => Done(Native.st_ne__number(Handle, target.Number));

        public Tensor lt(Tensor target) => Make(Native.st_lt(Handle, target.Handle), this, target);

        public Tensor lt(Scalar target) => Make(Native.st_lt_number(Handle, target.Number), this);

        public Tensor lt_(Tensor target) => Done(Native.st_lt_(Handle, target.Handle), target);

        public Tensor lt_(Scalar target) => Done(Native.st_lt__number(Handle, target.Number));

        public Tensor le(Tensor target) => Make(Native.st_le(Handle, target.Handle), this, target);

        public Tensor le(Scalar target) => Make(Native.st_le_number(Handle, target.Number), this);

        public Tensor le_(Tensor target) => Done(Native.st_le_(Handle, target.Handle), target);

        public Tensor le_(Scalar target) => Done(Native.st_le__number(Handle, target.Number));

        public Tensor gt(Tensor target) => Make(Native.st_gt(Handle, target.Handle), this, target);

        public Tensor gt(Scalar target) => Make(Native.st_gt_number(Handle, target.Number), this);

        public Tensor gt_(Tensor target) => Done(Native.st_gt_(Handle, target.Handle), target);

        public Tensor gt_(Scalar target) => Done(Native.st_gt__number(Handle, target.Number));

        public Tensor ge(Tensor target) => Make(Native.st_ge(Handle, target.Handle), this, target);

        public Tensor ge(Scalar target) => Make(Native.st_ge_number(Handle, target.Number), this);

        public Tensor ge_(Tensor target) => Done(Native.st_ge_(Handle, target.Handle), target);

        public Tensor ge_(Scalar target) => Done(Native.st_ge__number(Handle, target.Number));

        public Tensor bitwise_and(Tensor other) => Make(Native.st_bitwise_and(Handle, other.Handle), this, other);

        public Tensor bitwise_and_(Tensor other) => Done(Native.st_bitwise_and_(Handle, other.Handle), other);

        public Tensor bitwise_or(Tensor other) => Make(Native.st_bitwise_or(Handle, other.Handle), this, other);

        public Tensor bitwise_or_(Tensor other) => Done(Native.st_bitwise_or_(Handle, other.Handle), other);

        public Tensor bitwise_xor(Tensor other) => Make(Native.st_bitwise_xor(Handle, other.Handle), this, other);

        public Tensor bitwise_xor_(Tensor other) => Done(Native.st_bitwise_xor_(Handle, other.Handle), other);

        public Tensor logical_and(Tensor other) => Make(Native.st_logical_and(Handle, other.Handle), this, other);

        public Tensor logical_and_(Tensor other) => Done(Native.st_logical_and_(Handle, other.Handle), other);

        public Tensor logical_or(Tensor other) => Make(Native.st_logical_or(Handle, other.Handle), this, other);

        public Tensor logical_or_(Tensor other) => Done(Native.st_logical_or_(Handle, other.Handle), other);

        public Tensor logical_xor(Tensor other) => Make(Native.st_logical_xor(Handle, other.Handle), this, other);

        public Tensor logical_xor_(Tensor other) => Done(Native.st_logical_xor_(Handle, other.Handle), other);

        /// <summary>Element by element, like <see cref="eq(Tensor)"/>; one answer for all is <see cref="Equals(Tensor)"/>.</summary>
        public Tensor equal(Tensor target) => eq(target);

        public Tensor not_equal(Tensor target) => ne(target);

        public Tensor not_equal_(Tensor target) => ne_(target);

        public Tensor less(Tensor target) => lt(target);

        public Tensor less_equal(Tensor target) => le(target);

        public Tensor less_equal_(Tensor target) => le_(target);

        public Tensor greater(Tensor target) => gt(target);

        public Tensor greater_equal(Tensor target) => ge(target);

        public Tensor isclose(Tensor other, double rtol = 1E-05, double atol = 1E-08, bool nanEqual = false) =>
            Make(Native.st_isclose(Handle, other.Handle, rtol, atol, nanEqual), this, other);

        public unsafe bool allclose(Tensor target, double rtol = 1E-05, double atol = 1E-08, bool equal_nan = false)
        {
            bool result;
            Done(Native.st_allclose(Handle, target.Handle, rtol, atol, equal_nan, &result), target);
            return result;
        }

        public Tensor where(Tensor condition, Tensor y) => Make(Native.st_where(condition.Handle, Handle, y.Handle), this, condition, y);
    }
}
