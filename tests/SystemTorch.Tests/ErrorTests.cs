using System.Runtime.InteropServices;

namespace SystemTorch.Tests;

/// <summary>Errors of libtorch arrive as exceptions with its own text.</summary>
public class ErrorTests
{
    [Fact]
    public void MatrixProduct_ShapesThatDoNotFit_NamesThem() =>
        Engine.AssertNativeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", () => ones(2, 3).mm(ones(2, 3)));

    [Fact]
    public void View_WrongNumberOfElements_NamesIt() =>
        Engine.AssertNativeError("shape '[4]' is invalid for input of size 6", () => ones(2, 3).view(4));

    [Fact]
    public void InPlace_OnALeafThatRequiresGrad_IsRefused() =>
        Engine.AssertNativeError("a leaf Variable that requires grad", () => ones(2, requires_grad: true).add_(1));

    [Fact]
    public void Backward_OfAVector_IsRefused() =>
        Engine.AssertNativeError("grad can be implicitly created only for scalar outputs", () => ones(2, requires_grad: true).mul(2).backward());

    [Fact]
    public void Backward_Twice_IsRefused()
    {
        Tensor loss = ones(2, requires_grad: true).exp().sum();
        loss.backward();
        Engine.AssertNativeError("Trying to backward through the graph a second time", () => loss.backward());
    }

    [Fact]
    public void CrossEntropy_ClassOutOfRange_IsRefused() =>
        Engine.AssertNativeError("out of bounds", () => nn.functional.cross_entropy(ones(1, 3), tensor(new long[] { 3 })));

    [Fact]
    public void Native_AfterAnError_WorksAgain()
    {
        Assert.Throws<ExternalException>(() => ones(2).view(3));
        Assert.Equal(2f, ones(2).sum().item<float>());
    }

    [Fact]
    public void Item_OfManyElements_IsRefused() => Assert.Throws<ArgumentException>(() => ones(2).item<float>());

    [Fact]
    public void Item_OfAnotherType_IsRefused() => Assert.Throws<ArgumentException>(() => tensor(1.0).item<float>());

    [Fact]
    public void Bytes_OfATransposedMatrix_AreRefused() => Assert.Throws<NotImplementedException>(() => ones(2, 3).t().bytes.Length);
}
