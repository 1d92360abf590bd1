namespace SystemTorch.Tests;

/// <summary>What is made is released, and what is released is refused.</summary>
public class LifetimeTests
{
    [Fact]
    public void TrainingSteps_AThousandInScopes_KeepTheNumberOfTensors()
    {
        manual_seed(1);
        using var lstm = nn.LSTM(4, 8);
        using var linear = nn.Linear(8, 4);
        Parameter[] parameters = [.. lstm.parameters(), .. linear.parameters()];
        using var optimizer = optim.Adam(parameters, 1e-3);
        using Tensor input = rand(5, 3, 4), target = randint(0, 4, new long[] { 15 });

        void Step()
        {
            using DisposeScope scope = NewDisposeScope();
            var (output, _, _) = lstm.call(input);
            Tensor loss = nn.functional.cross_entropy(linear.call(output).view(-1, 4), target);
            optimizer.zero_grad();
            loss.backward();
            nn.utils.clip_grad_norm_(parameters, 1);
            optimizer.step();
        }

        Step();
        long before = Engine.LiveTensors();
        long live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 1000; i++)
        {
            Step();
        }
        Assert.Equal(before, Engine.LiveTensors());
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Finalizer_TensorsForgotten_ReleasesThem()
    {
        long before = Engine.LiveTensors();
        Forget();
        Assert.Equal(before, Engine.LiveTensors());

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget()
        {
            for (int i = 0; i < 100; i++)
            {
                _ = ones(10);
            }
        }
    }

    [Fact]
    public void Operation_WhileTheCollectorRuns_KeepsItsOperands()
    {
        // The operand is nobody's any more as soon as the call has begun.
        using CancellationTokenSource done = new();
        Thread collector = new(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        for (int i = 0; i < 200; i++)
        {
            using Tensor sum = full(1000, 2f).exp().sum();
            Assert.Equal(1000 * MathF.Exp(2), sum.item<float>(), 1f);
        }
        done.Cancel();
        collector.Join();
    }

    [Fact]
    public void DisposedTensor_AnyUse_Throws()
    {
        Tensor tensor = ones(2), other = ones(2);
        tensor.Dispose();

        Assert.True(tensor.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => tensor.Handle);
        Assert.Throws<InvalidOperationException>(() => tensor.add(1));
        Assert.Throws<InvalidOperationException>(() => other.add(tensor));
        Assert.Throws<InvalidOperationException>(() => tensor.shape);
        Assert.Throws<InvalidOperationException>(() => tensor.bytes.Length);
        Assert.Throws<InvalidOperationException>(() => cat([other, tensor]));
        tensor.Dispose();
    }

    [Fact]
    public void Dispose_OfAnAlias_LeavesTheOriginal()
    {
        using Tensor original = ones(2);
        Tensor alias = original.alias();
        alias.add_(1);
        alias.Dispose();
        Engine.AssertClose([2, 2], original);
    }

    [Fact]
    public void Dispose_OfAModule_DisposesItsParameters()
    {
        var linear = nn.Linear(2, 2);
        Parameter weight = linear.weight;
        linear.Dispose();
        Assert.True(weight.IsInvalid);
    }

    [Fact]
    public void PeakCount_AfterMoreTensors_IsAtLeastTheTotal()
    {
        using Tensor tensor = ones(1);
        Assert.True(Tensor.PeakCount >= Tensor.TotalCount);
    }
}
