namespace SystemTorch.Tests;

public class DisposeScopeTests
{
    public DisposeScopeTests() => DisposeScopeManager.Statistics.Reset();

    [Fact]
    public void Dispose_TensorsMadeInside_AreDisposed()
    {
        Tensor inside;
        using (NewDisposeScope())
        {
            inside = ones(2);
            Assert.False(inside.IsInvalid);
        }
        Assert.True(inside.IsInvalid);
    }

    [Fact]
    public void Dispose_TensorsMadeBefore_Survive()
    {
        using Tensor before = ones(2);
        using (NewDisposeScope())
        {
            before.add_(1);
        }
        Assert.Equal(4f, before.sum().item<float>());
    }

    [Fact]
    public void MoveToOuter_NestedScopes_ReachesTheNextOne()
    {
        using DisposeScope outer = NewDisposeScope();
        Tensor moved;
        using (DisposeScope inner = NewDisposeScope())
        {
            moved = inner.MoveToOuter(ones(2));
            Assert.False(inner.Contains(moved));
            Assert.True(outer.Contains(moved));
        }
        Assert.False(moved.IsInvalid);
        outer.Dispose();
        Assert.True(moved.IsInvalid);
    }

    [Fact]
    public void MoveToOuter_WithoutOuterScope_Detaches()
    {
        Tensor moved;
        using (NewDisposeScope())
        {
            moved = ones(2).MoveToOuterDisposeScope();
        }
        Assert.False(moved.IsInvalid);
        moved.Dispose();
        Assert.Equal(0, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void MoveToOuter_SeveralTensors_ReturnsThemInOrder()
    {
        using DisposeScope outer = NewDisposeScope();
        using DisposeScope inner = NewDisposeScope();

        var (one, two, three) = inner.MoveToOuter(ones(1), full(1, 2f), full(1, 3f));

        Assert.Equal([1f, 2f, 3f], new[] { one.item<float>(), two.item<float>(), three.item<float>() });
        Assert.Equal(3, outer.DisposablesCount);
    }

    [Fact]
    public void Detach_InNestedScope_LeavesAllScopes()
    {
        Tensor detached;
        using (NewDisposeScope())
        using (NewDisposeScope())
        {
            detached = ones(2).DetachFromDisposeScope();
        }
        Assert.False(detached.IsInvalid);
        detached.Dispose();
    }

    [Fact]
    public void Attach_TensorOfAnotherScope_ChangesTheOwner()
    {
        using DisposeScope outer = NewDisposeScope();
        Tensor tensor = ones(2);
        using (DisposeScope inner = NewDisposeScope())
        {
            inner.Attach(tensor);
            Assert.False(outer.Contains(tensor));
        }
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void MoveToOtherDisposeScope_OfAnotherTensor_SharesItsFate()
    {
        using DisposeScope outer = NewDisposeScope();
        Tensor companion = ones(1);
        Tensor moved;
        using (NewDisposeScope())
        {
            moved = ones(1).MoveToOtherDisposeScope(companion);
        }
        Assert.False(moved.IsInvalid);
        Assert.True(outer.Contains(moved));
    }

    [Fact]
    public void DisposeEverythingBut_OneTensor_KeepsThatOne()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor first = ones(1), second = ones(1), third = ones(1);

        Tensor kept = scope.DisposeEverythingBut(second);

        Assert.Same(second, kept);
        Assert.Equal([true, false, true], new[] { first.IsInvalid, second.IsInvalid, third.IsInvalid });
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void DisposeEverything_ThenNewTensors_ScopeLivesOn()
    {
        using DisposeScope scope = NewDisposeScope();
        _ = ones(1);
        scope.DisposeEverything();
        Assert.Equal(0, scope.DisposablesCount);

        Tensor later = ones(1);
        Assert.True(scope.Contains(later));
    }

    [Fact]
    public void CurrentDisposeScope_NestedAndEnded_FollowsTheStack()
    {
        Assert.Null(CurrentDisposeScope);
        DisposeScope outer = NewDisposeScope();
        DisposeScope inner = NewDisposeScope();
        Assert.Same(inner, CurrentDisposeScope);
        inner.Dispose();
        Assert.Same(outer, CurrentDisposeScope);
        outer.Dispose();
        Assert.Null(CurrentDisposeScope);
    }

    [Fact]
    public void Dispose_OuterScopeFirst_InnerStaysCurrent()
    {
        DisposeScope outer = NewDisposeScope();
        DisposeScope inner = NewDisposeScope();
        outer.Dispose();
        Assert.Same(inner, CurrentDisposeScope);
        inner.Dispose();
        Assert.Null(CurrentDisposeScope);
    }

    [Fact]
    public void WrappedTensorDisposeScope_OnlyTheResult_LeavesTheScope()
    {
        DisposeScopeManager.Statistics.Reset();
        using Tensor result = WrappedTensorDisposeScope(() => ones(2) + ones(2) * ones(2));
        Assert.Equal(4f, result.sum().item<float>());
        Assert.False(result.IsInvalid);
    }

    [Fact]
    public void Scopes_OnTwoThreads_AreApart()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? elsewhere = null;
        Thread thread = new(() =>
        {
            Assert.Null(CurrentDisposeScope);
            elsewhere = ones(1);
        });
        thread.Start();
        thread.Join();
        Assert.Equal(0, scope.DisposablesCount);
        elsewhere!.Dispose();
    }

    [Fact]
    public void Statistics_AfterEachKindOfMove_CountIt()
    {
        LifetimeStatistics counts = DisposeScopeManager.Statistics.TensorStatistics;
        Tensor outside = ones(1);
        Assert.Equal(1, counts.CreatedOutsideScopeCount);
        using (DisposeScope scope = NewDisposeScope())
        {
            Tensor inside = ones(1);
            Tensor detached = ones(1).DetachFromDisposeScope();
            scope.Attach(outside);
            Assert.Equal(2, counts.CreatedInScopeCount);
            Assert.Equal(1, counts.DetachedFromScopeCount);
            Assert.Equal(1, counts.AttachedToScopeCount);
            Assert.Equal(3, counts.ThreadTotalLiveCount);
            detached.Dispose();
            Assert.Equal(1, counts.DisposedOutsideScopeCount);
            Assert.False(inside.IsInvalid);
        }
        Assert.Equal(2, counts.DisposedInScopeCount);
        Assert.Equal(0, counts.ThreadTotalLiveCount);
    }

    [Fact]
    public void Statistics_AsText_NamesEveryCount()
    {
        DisposeScopeManager.Statistics.Reset();
        using DisposeScope scope = NewDisposeScope();
        _ = tensor(3);
        Assert.Equal(
            "ThreadTotalLiveCount: 1; CreatedOutsideScopeCount: 0; DisposedOutsideScopeCount: 0; " +
            "CreatedInScopeCount: 1; DisposedInScopeCount: 0; AttachedToScopeCount: 0; DetachedFromScopeCount: 0",
            DisposeScopeManager.Statistics.TensorStatistics.ToString());
    }

    [Fact]
    public void Parameter_MadeInsideAScope_TakesThePlaceOfItsData()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor data = ones(2);
        var parameter = new Parameter(data);
        Assert.True(data.IsInvalid);
        Assert.True(scope.Contains(parameter));
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void Linear_MadeInsideAScope_SurvivesIt()
    {
        Linear linear;
        using (NewDisposeScope())
        {
            linear = nn.Linear(3, 2);
        }
        using (linear)
        {
            Assert.False(linear.weight.IsInvalid);
            Assert.False(linear.bias!.IsInvalid);
        }
    }

    [Fact]
    public void PackedSequence_InAScope_IsDisposedWithItsParts()
    {
        DisposeScopeManager.Statistics.Reset();
        nn.utils.rnn.PackedSequence packed;
        using (NewDisposeScope())
        {
            packed = nn.utils.rnn.pack_sequence([ones(3, 2), ones(1, 2)]);
            Assert.Equal(1, DisposeScopeManager.Statistics.PackedSequenceStatistics.ThreadTotalLiveCount);
        }
        Assert.True(packed.data.IsInvalid);
        Assert.Equal(0, DisposeScopeManager.Statistics.PackedSequenceStatistics.ThreadTotalLiveCount);
        Assert.Equal(0, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void PackedSequence_MovedToOuter_SurvivesTheInnerScope()
    {
        using DisposeScope outer = NewDisposeScope();
        nn.utils.rnn.PackedSequence packed;
        using (NewDisposeScope())
        {
            packed = nn.utils.rnn.pack_sequence([ones(3, 2), ones(1, 2)]).MoveToOuterDisposeScope();
        }
        Assert.False(packed.data.IsInvalid);
        Assert.True(outer.Contains(packed));
    }
}
