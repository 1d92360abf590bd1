using CharLM.Models;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Experiments;

namespace CharLM.Tests.Workbench.Experiments;

public sealed class ExperimentFileTests
{
    private static Experiment Parse(string yaml) => ExperimentFile.Parse(yaml, "experiments/cells.yaml");

    [Fact]
    public void Parse_GridSeedsAndRepeats_IsEveryCombinationInOrder()
    {
        Experiment experiment = Parse("""
            about: what it shows
            base:
              training: {num_epochs: 3}
            grid:
              model:
                cell: [rnn, lstm]
                num_hiddens: [8, 16]
            seeds: [0, 7]
            repeats: 2
            """);
        Assert.Equal(("cells", "what it shows", TrialMetric.TrainPerplexity), (experiment.Name, experiment.About, experiment.Measure));
        Assert.Equal(Enumerable.Range(1, 16), experiment.Trials.Select(trial => trial.Number));
        Assert.Equal(
            ["cell-rnn_num-hiddens-8_seed-0_repeat-1", "cell-rnn_num-hiddens-8_seed-0_repeat-2", "cell-rnn_num-hiddens-8_seed-7_repeat-1",
                "cell-rnn_num-hiddens-8_seed-7_repeat-2", "cell-rnn_num-hiddens-16_seed-0_repeat-1"],
            experiment.Trials.Take(5).Select(trial => trial.Id));
        Trial last = experiment.Trials[^1];
        Assert.Equal((CellKind.Lstm, 16, 7, 3, 2),
            (last.Config.Model.Cell, last.Config.Model.NumHiddens, last.Seed, last.Config.Training.NumEpochs, last.Repeat));
        Assert.Equal("cell lstm, num_hiddens 16", last.Variant);
    }

    [Fact]
    public void Parse_ListOverPreset_IsAnEntryEach()
    {
        Experiment experiment = Parse("""
            name: deep
            preset: d2l-v1-gru
            measure: train-perplexity
            list:
              - {name: small, model: {num_hiddens: 4}}
              - model: {num_layers: 2}
                training: {learning_rate: 0.5}
            grid:
              training: {clip_norm: [0, 1]}
            """);
        Assert.Equal(
            ["small_clip-norm-0_seed-0", "small_clip-norm-1_seed-0", "num-layers-2_learning-rate-0.5_clip-norm-0_seed-0",
                "num-layers-2_learning-rate-0.5_clip-norm-1_seed-0"],
            experiment.Trials.Select(trial => trial.Id));
        Assert.Equal(["small, clip_norm 0", "small, clip_norm 1"], experiment.Trials.Take(2).Select(trial => trial.Variant));
        // Settings that neither the list nor the grid names come from the preset.
        Assert.All(experiment.Trials, trial => Assert.Equal(1024, trial.Config.Training.BatchSize));
    }

    [Fact]
    public void Parse_RecordsInAGrid_AreCalledAfterTheirSettings()
    {
        Experiment experiment = Parse("grid:\n  training:\n    schedule: [{kind: cosine, warm_up_epochs: 1}, {kind: step}, {}]");
        Assert.Equal(["schedule.kind cosine, schedule.warm_up_epochs 1", "schedule.kind step", "schedule as in the base"],
            experiment.Trials.Select(trial => trial.Variant));
        Assert.Equal(["schedule.kind-cosine_schedule.warm-up-epochs-1_seed-0", "schedule.kind-step_seed-0",
            "schedule-as-in-the-base_seed-0"], experiment.Trials.Select(trial => trial.Id));
        Assert.Equal((CharLM.Training.ScheduleKind.Cosine, 1),
            (experiment.Trials[0].Config.Training.Schedule.Kind, experiment.Trials[0].Config.Training.Schedule.WarmUpEpochs));
    }

    [Theory]
    [InlineData("de.txt", "experiments/de.txt")]
    [InlineData("../de.txt", "experiments/../de.txt")]
    [InlineData("/abs/de.txt", "/abs/de.txt")]
    [InlineData("time-machine", "time-machine")]
    [InlineData("auto", "auto")]
    public void Parse_Corpus_LiesInTheFilesFolder(string corpus, string expected) =>
        Assert.Equal(expected, Assert.Single(Parse($"base: {{corpus: {corpus}}}").Trials).Config.Corpus.ToString().Replace('\\', '/'));

    [Fact]
    public void Parse_AnotherSeedOrEntry_LeavesIdsAsTheyWere()
    {
        const string List = "list: [{name: a, model: {cell: rnn}}, {name: b, model: {cell: lstm}}]\n";
        IEnumerable<string> few = Parse(List + "seeds: [1, 2]").Trials.Select(trial => trial.Id);
        IEnumerable<string> more = Parse(
            List.Replace("list: [", "list: [{name: new, model: {num_layers: 2}}, ", StringComparison.Ordinal) + "seeds: [3, 2, 1]")
                .Trials.Select(trial => trial.Id);
        Assert.Subset(more.ToHashSet(), few.ToHashSet());
    }

    [Fact]
    public void Parse_Empty_IsOneTrialOfTheDefault()
    {
        Trial trial = Assert.Single(Parse("").Trials);
        Assert.Equal(("seed-0", "base"), (trial.Id, trial.Variant));
    }

    [Fact]
    public void Parse_HeldOutText_IsTheMeasure() =>
        Assert.Equal(TrialMetric.HeldOutPerplexity, Parse("base: {text: {validation_fraction: 0.1}}").Measure);

    public static TheoryData<string, int, string> Faulty => new()
    {
        { "grit: {}", 1, "unknown key 'grit'; did you mean 'grid'?" },
        { "base:\n  model:\n    num_hidens: 3", 3, "unknown key 'num_hidens'; did you mean 'num_hiddens'?" },
        { "grid:\n  model:\n    cell: [rnn]\n    num_layrs: [1]", 4, "unknown key 'num_layrs'; did you mean 'num_layers'?" },
        { "list:\n  - model: {cell: rnn}\n  - trainning: {clip_norm: 1}", 3, "unknown key 'trainning'; did you mean 'training'?" },
        { "base: {model: {num_hiddens: many}}", 1, "num_hiddens takes a whole number, not 'many'" },
        { "grid:\n  model:\n    num_hiddens:\n      - 8\n      - eight", 5, "num_hiddens takes a whole number, not 'eight'" },
        { "base:\n  model:\n    num_hiddens: 0", 3, "num_hiddens: hidden must be 1 to 65536, not 0" },
        { "base: {}\ngrid:\n  training:\n    learning_rate: [1, -1]", 4, "learning_rate: lr must be above 0 and finite, not -1" },
        { "base: {model: {dropout: 0.5, num_layers: 2}}\nlist:\n  - name: deep\n  - name: flat\n    model: {num_layers: 1}", 5,
            "num_layers: dropout acts between layers" },
        { "base:\n  model: {num_hiddens: 0}\n  training: {batch_size: 0}", 2, "line 3: batch_size: batch-size must be 1 to 65536, not 0" },
        { "seeds: [0, zwei]", 1, "seeds takes whole numbers, not 'zwei'" },
        { "seeds: [0, 1.5]", 1, "seeds takes whole numbers, not '1.5'" },
        { "seeds: 3", 1, "seeds takes a list" },
        { "seeds:\n  - 0\n  - [1]", 3, "seeds takes whole numbers" },
        { "name: x\nseeds: []", 2, "seeds is empty: the experiment would have no trials" },
        { "list: []", 1, "list is empty: the experiment would have no trials" },
        { "grid: {model: {cell: []}}", 1, "model.cell has no values: the experiment would have no trials" },
        { "grid: {model: {cell: rnn}}", 1, "model.cell takes a list of values" },
        { "list: [a, b]", 1, "an entry of the list takes keys with values" },
        { "list: {a: {}}", 1, "list takes a list" },
        { "seeds:\n  - 0\n  - 0", 3, "two trials would have the id 'seed-0'" },
        { "list:\n  - {name: a}\n  - {name: A}", 3, "two trials would have the id 'A_seed-0'" },
        { "grid: {training: {learning_rate: [0.5, 0.5]}}", 1, "two trials would have the id 'learning-rate-0.5_seed-0'" },
        { "grid: {training: {learning_rate: [1e-3,\n 0.001]}}", 2,
            "'learning_rate 0.001' and 'learning_rate 1e-3' are the same configuration" },
        { "list:\n  - {name: a, model: {num_hiddens: 8}}\n  - {name: b,\n     model: {num_hiddens: 8}}", 4,
            "'b' and 'a' are the same configuration" },
        { "list:\n  - {name: slow, training: {learning_rate: 0.001}}\ngrid: {training: {learning_rate: [0.01, 0.02]}}", 2,
            "training.learning_rate is set by this entry of the list and by the grid (line 3)" },
        { "list:\n  - {name: a, training: {schedule: {kind: step}}}\ngrid: {training: {schedule: [{kind: cosine}, {kind: step}]}}", 2,
            "training.schedule.kind is set by this entry of the list and by the grid (line 3)" },
        { "grid: {training: [{seed: 1}, {seed: 2}]}", 1, "give seeds as seeds" },
        { "seeds: [1]\nbase:\n  training: {seed: 2}", 3, "give seeds as seeds" },
        { "grid: {training: {seed: [1, 2]}}", 1, "give seeds as seeds" },
        { "repeats: 0", 1, "repeats must be 1 to 1000, not 0" },
        { "name: ../up", 1, "a name is 1 to 100 letters" },
        { "name: .hidden", 1, "a name is 1 to 100 letters" },
        { "list: [{name: a/b}]", 1, "a name is 1 to 100 letters" },
        { "preset: d2l_gru", 1, "there is no preset 'd2l_gru'; did you mean 'd2l-gru'?" },
        { "name: x\nmeasure: held-out-perplexity", 2, "needs held-out text, and seed-0 holds nothing out" },
        { "measure: loss", 1, "measure takes one of train-perplexity, held-out-perplexity, held-out-bits" },
        { "base: {text: {validation_fraction: 0.1}, prefix: the}\ngrid: {text: {token: [char, word]}}\nmeasure: held-out-perplexity", 3,
            "are not comparable: use measure: held-out-bits" },
        { "base:\n  corpus: '-'", 2, "corpus takes a name of the catalog or a file" },
        { "base: {checkpoint_path: x}", 1, "checkpoint_path follows from the run directory" },
        { "seeds: [1, 2", 2, "is not YAML" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Parse_Fault_NamesLineAndKey(string yaml, int line, string problem)
    {
        var e = Assert.Throws<ConfigFileException>(() => Parse(yaml));
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.Equal(line, e.Line);
        Assert.StartsWith($"experiments/cells.yaml:{line}: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_MillionsOfTrials_IsRefusedBeforeTheyAreMade()
    {
        string axis = string.Join(", ", Enumerable.Range(1, 1000));
        var e = Assert.Throws<ConfigFileException>(
            () => Parse($"grid: {{model: {{num_hiddens: [{axis}]}}, training: {{batch_size: [{axis}], num_steps: [{axis}]}}}}"));
        Assert.Contains("makes 1000000000 trials, more than 10000", e.Message, StringComparison.Ordinal);
    }
}
