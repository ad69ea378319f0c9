namespace RaftLog.Protocol.Tests;

public class InvariantTests
{
    [Fact]
    public void An_invariant_that_holds_puts_no_text_together()
    {
        int asked = 0;
        Invariant.Holds(true, "T-01", $"asked {++asked} times");
        Assert.Equal(0, asked);
    }

    [Fact]
    public void A_broken_invariant_says_which_and_why()
    {
        int three = 3;
        InvariantException interpolated = Assert.Throws<InvariantException>(() =>
            Invariant.Holds(three == 4, "T-02", $"three is {three:D2}, {"not"} four")
        );
        Assert.Equal("T-02", interpolated.Id);
        Assert.Equal("invariant T-02 is broken: three is 03, not four", interpolated.Message);
        Assert.Equal(
            "invariant T-03 is broken: fixed",
            Assert.Throws<InvariantException>(() => Invariant.Holds(false, "T-03", "fixed")).Message
        );
    }
}
