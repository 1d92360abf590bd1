using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Products of matrices and vectors.
    public partial class Tensor
    {
        public Tensor matmul(Tensor target) => Make(Native.st_matmul(Handle, target.Handle), this, target);

        public Tensor mm(Tensor target) => Make(Native.st_mm(Handle, target.Handle), this, target);

        public Tensor bmm(Tensor batch2) => Make(Native.st_bmm(Handle, batch2.Handle), this, batch2);

        public Tensor mv(Tensor target) => Make(Native.st_mv(Handle, target.Handle), this, target);

        public Tensor dot(Tensor target) => Make(Native.st_dot(Handle, target.Handle), this, target);

        public Tensor outer(Tensor vec2) => Make(Native.st_outer(Handle, vec2.Handle), this, vec2);

        public Tensor ger(Tensor vec2) => outer(vec2);

        // --- beta * this + alpha * (first x second)

        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Make(Native.st_addmm(Handle, mat1.Handle, mat2.Handle, beta, alpha), this, mat1, mat2);

        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Done(Native.st_addmm_(Handle, mat1.Handle, mat2.Handle, beta, alpha), mat1, mat2);

        public Tensor addmv(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) =>
            Make(Native.st_addmv(Handle, mat.Handle, vec.Handle, beta, alpha), this, mat, vec);

        public Tensor addmv_(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) =>
            Done(Native.st_addmv_(Handle, mat.Handle, vec.Handle, beta, alpha), mat, vec);

        public Tensor addr(Tensor vec1, Tensor vec2, float beta = 1, float alpha = 1) =>
            Make(Native.st_addr(Handle, vec1.Handle, vec2.Handle, beta, alpha), this, vec1, vec2);

        public Tensor addr_(Tensor vec1, Tensor vec2, float beta = 1, float alpha = 1) =>
            Done(Native.st_addr_(Handle, vec1.Handle, vec2.Handle, beta, alpha), vec1, vec2);

        public Tensor addbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Make(Native.st_addbmm(Handle, batch1.Handle, batch2.Handle, beta, alpha), this, batch1, batch2);

        public Tensor addbmm_(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Done(Native.st_addbmm_(Handle, batch1.Handle, batch2.Handle, beta, alpha), batch1, batch2);

        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Make(Native.st_baddbmm(Handle, batch1.Handle, batch2.Handle, beta, alpha), this, batch1, batch2);

        public Tensor view_as_real() => Make(Native.st_view_as_real(Handle), this);
    }
}
