namespace RaftLog.Raft.Tests;

/// <summary>What compares transcripts notices each difference, and says where.</summary>
public sealed class TranscriptComparisonTests
{
    [Fact]
    public void Output_lines_are_replaced_and_all_others_stay()
    {
        string replayed = Transcript.Replay("# about\n> echo a b\n  old\n  older\n\n> echo\n", new Echo());
        Assert.Equal("# about\n> echo a b\n  a\n  b\n\n> echo\n", replayed);
    }

    [Theory]
    [InlineData("> echo a\nb\n", "line 2 is neither")]
    [InlineData("# x\n> unknown 1\n", "line 2, unknown 1: no such command")]
    [InlineData("> echo a loud=yes\n", "line 1, echo a loud=yes: 'echo' has no option 'loud'")]
    [InlineData("> echo size=1 size=2\n", "given twice")]
    public void A_mistake_in_a_script_is_reported_with_its_line(string script, string said)
    {
        var wrong = Assert.Throws<FormatException>(() => Transcript.Replay(script, new Echo()));
        Assert.Contains(said, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_difference_shows_what_was_removed_and_added_with_its_surroundings()
    {
        string before = string.Join('\n', Enumerable.Range(1, 20));
        string after = before.Replace("\n10\n", "\nten\n", StringComparison.Ordinal).Replace("\n20", "\n20\n21", StringComparison.Ordinal);
        Assert.Equal("  7\n  8\n  9\n- 10\n+ ten\n  11\n  12\n  13\n   ...\n  18\n  19\n  20\n+ 21", LineDifference.Of(before, after));
    }

    [Fact]
    public void Equal_texts_have_no_difference() => Assert.Equal("", LineDifference.Of("a\nb", "a\nb"));

    private sealed class Echo : ITranscriptInterpreter
    {
        public IReadOnlyList<string> Execute(TranscriptCommand command)
        {
            command.Option("size");
            return command.Name == "echo" ? command.Words : throw new FormatException("no such command");
        }
    }
}
