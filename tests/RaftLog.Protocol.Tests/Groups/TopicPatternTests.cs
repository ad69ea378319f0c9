using RaftLog.Protocol.Groups;

namespace RaftLog.Protocol.Tests.Groups;

public sealed class TopicPatternTests
{
    [Theory]
    [InlineData("t.*", "topic", true)]
    [InlineData("t.*", "a-topic", false)]
    [InlineData("t", "topic", false)]
    [InlineData("a|b", "b", true)]
    [InlineData("a|b", "ab", false)]
    [InlineData(@"[[:alpha:]]+\d", "abc1", true)]
    [InlineData(@"[[:alpha:]]+\d", "ab-1", false)]
    [InlineData("[^[:digit:]]+", "abc", true)]
    [InlineData("(?P<env>prod|test)-.*", "prod-x", true)]
    [InlineData(@"\Qa.b\E.", "a.bc", true)]
    [InlineData(@"\Qa.b\E.", "aXbc", false)]
    [InlineData(@"\Qa]", "a]", true)]
    [InlineData(@"\pL+", "abc", true)]
    [InlineData(@"\PL+", "123", true)]
    [InlineData(@"\x{61}b", "ab", true)]
    [InlineData("(?i)ABC", "abc", true)]
    [InlineData("[]a]+", "]a", true)]
    [InlineData("[a-c-[b]]", "-]", true)]
    [InlineData(@"a\.b", "a.b", true)]
    [InlineData("", "", true)]
    public void Expressions_of_RE2_match_whole_names(string expression, string name, bool matches)
    {
        Assert.True(TopicPattern.TryParse(expression, out TopicPattern? pattern, out string? error), error);
        Assert.Equal(matches, pattern.Matches(name));
    }

    [Theory]
    [InlineData("(")]
    [InlineData("a(?=b)")]
    [InlineData("(?<!a)b")]
    [InlineData(@"(a)\1")]
    [InlineData("(?>a)")]
    [InlineData("a**")]
    [InlineData("[z-a]")]
    [InlineData("(?#comment)a")]
    [InlineData(@"\x{110000}")]
    public void What_RE2_does_not_have_is_rejected_with_a_reason(string expression)
    {
        Assert.False(TopicPattern.TryParse(expression, out _, out string? error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void An_expression_that_is_too_long_is_rejected() => Assert.False(TopicPattern.TryParse(new string('a', 10_001), out _, out _));

    [Fact]
    public void An_expression_that_makes_others_backtrack_for_ever_is_matched_in_no_time()
    {
        Assert.True(TopicPattern.TryParse("(a+)+b", out TopicPattern? pattern, out _));
        Assert.False(pattern.Matches(new string('a', 249)));
    }
}
