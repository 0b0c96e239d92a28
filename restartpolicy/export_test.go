package restartpolicy

// UnderWay returns how many granted starts have not ended.
func (b Budget) UnderWay() int { return b.underWay }
